//! Links in folders, as each system has them.

use std::io;
use std::path::Path;

/// Makes a link to a file.
///
/// # Errors
///
/// The system refuses; on Windows it is for administrators and developers.
#[cfg(unix)]
pub fn link_file(to: impl AsRef<Path>, at: impl AsRef<Path>) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

/// Makes a link to a folder.
///
/// # Errors
///
/// The system refuses.
#[cfg(unix)]
pub fn link_folder(to: impl AsRef<Path>, at: impl AsRef<Path>) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

/// Makes a link to a file.
///
/// # Errors
///
/// The system refuses, since it is for administrators and developers. Wine makes none, and says nothing.
#[cfg(windows)]
pub fn link_file(to: impl AsRef<Path>, at: impl AsRef<Path>) -> io::Result<()> {
    std::os::windows::fs::symlink_file(to, at)
}

/// Makes a junction to a folder, which everyone may.
///
/// # Errors
///
/// The system refuses, as Wine does.
#[cfg(windows)]
pub fn link_folder(to: impl AsRef<Path>, at: impl AsRef<Path>) -> io::Result<()> {
    let mut mklink = std::process::Command::new("cmd");
    mklink.args(["/C", "mklink", "/J"]);
    let made = mklink.arg(at.as_ref()).arg(to.as_ref()).output()?;
    if !made.status.success() {
        let why = String::from_utf8_lossy(&made.stderr).into_owned();
        return Err(io::Error::other(why));
    }
    Ok(())
}

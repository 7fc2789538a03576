//! Names that fit into a `sockaddr_un`, see `unix(7)`.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::path_limit::NameTooLong;

/// What a path may have, in bytes: `sun_path` without the NUL at its end.
#[cfg(any(target_os = "linux", target_os = "android"))]
const PATH_LEN_MAX: usize = 107;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const PATH_LEN_MAX: usize = 103;

/// What an abstract name may have, in bytes: `sun_path` without the NUL at its beginning.
#[cfg(any(target_os = "linux", target_os = "android"))]
const ABSTRACT_LEN_MAX: usize = 107;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) const ABSTRACT_IS_LINUX: &str = "abstract sockets exist on Linux only; use `unix:` here";

pub(super) const PIPE_IS_WINDOWS: &str = "named pipes exist on Windows only; use `unix:` here";

pub(crate) fn checked_path(path: &Path) -> Result<(), NameTooLong> {
    let len = path.as_os_str().as_bytes().len();
    if len <= PATH_LEN_MAX {
        return Ok(());
    }
    Err(NameTooLong {
        name: path.display().to_string(),
        len,
        max: PATH_LEN_MAX,
        advice: "use a shorter folder, as a symbolic link in /tmp to this one",
    })
}

/// The form that tokio takes: the name after a NUL.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn checked_abstract(name: &str) -> Result<std::path::PathBuf, NameTooLong> {
    if name.len() <= ABSTRACT_LEN_MAX {
        return Ok(format!("\0{name}").into());
    }
    Err(NameTooLong {
        name: name.to_owned(),
        len: name.len(),
        max: ABSTRACT_LEN_MAX,
        advice: "use a shorter name",
    })
}

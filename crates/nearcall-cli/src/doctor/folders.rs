//! The folders of sockets and logs: whose they are, who may look in, whether names fit, whether there is room.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::config::SUPERVISOR_NAME;
use crate::names::World;
use crate::registered;
use crate::state_folder::StateFolder;

/// The longest path of a socket in bytes: `sun_path` of unix(7) without the zero byte at its end.
const SOCKET_PATH_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The longest name of a service in bytes.
const NAME_LEN_MAX: usize = 32;

/// Less room than this many bytes is warned of.
const ROOM_MIN: u64 = 64 * 1024 * 1024;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let runtime = nearcall::runtime_dir();
    let mut findings = vec![place(&runtime)];
    findings.extend(rights("runtime folder", &runtime));
    findings.extend(rights("world folder", &registered::folder(world)));
    findings.push(socket_path(&registered::folder(world)));
    findings.extend(room("runtime room", &runtime));
    match StateFolder::of(world) {
        Ok(folder) => {
            findings.extend(rights("log folder", folder.path()));
            findings.extend(room("log room", folder.path()));
        }
        Err(error) => findings.push(Finding::fail(
            "log folder",
            error.to_string(),
            "export HOME or XDG_STATE_HOME",
        )),
    }
    findings
}

fn place(runtime: &Path) -> Finding {
    let shown = runtime.display();
    match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) {
        Some(folder) if runtime.starts_with(&folder) => {
            Finding::ok("runtime place", format!("{shown}, by XDG_RUNTIME_DIR"))
        }
        Some(folder) => Finding::warn(
            "runtime place",
            format!("{shown}, since XDG_RUNTIME_DIR is {folder:?}, which is not an absolute path"),
            "set XDG_RUNTIME_DIR to an absolute path, the same for every program",
        ),
        None => Finding::warn(
            "runtime place",
            format!("{shown}, since XDG_RUNTIME_DIR is not set"),
            "fine if every program sees it so; a program started by a desktop or systemd may have it set, and look in another place",
        ),
    }
}

fn rights(check: &str, folder: &Path) -> Option<Finding> {
    let shown = folder.display();
    let found = match fs::symlink_metadata(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Some(Finding::ok(
                check,
                format!("{shown} is not there yet; it is made when needed"),
            ));
        }
        Err(error) => {
            return Some(Finding::fail(
                check,
                format!("{shown}: {error}"),
                "look at the rights of the folders above it",
            ));
        }
    };
    let me = rustix::process::getuid().as_raw();
    let mode = found.mode() & 0o777;
    Some(if !found.is_dir() {
        Finding::fail(
            check,
            format!("{shown} is not a folder"),
            format!("move {shown} out of the way"),
        )
    } else if found.uid() != me {
        let found = format!(
            "{shown} is owned by user {}, not by you ({me})",
            found.uid()
        );
        Finding::fail(
            check,
            found,
            "have its owner remove it, or set XDG_RUNTIME_DIR to a folder of your own",
        )
    } else if mode & 0o077 != 0 {
        Finding::fail(
            check,
            format!("{shown} has mode {mode:04o}; others may look in"),
            format!("chmod 700 {shown}"),
        )
    } else {
        Finding::ok(check, format!("{shown}, mode {mode:04o}, yours"))
    })
}

fn socket_path(folder: &Path) -> Finding {
    let len = |name_len: usize| folder.as_os_str().len() + 1 + name_len + ".sock".len();
    let (shortest_needed, longest) = (len(SUPERVISOR_NAME.len()), len(NAME_LEN_MAX));
    let advice = "set XDG_RUNTIME_DIR to a shorter path, or give the world a shorter name";
    if shortest_needed > SOCKET_PATH_MAX {
        let found = format!(
            "the supervisor's would have {shortest_needed} bytes, and a socket's path may have {SOCKET_PATH_MAX}"
        );
        Finding::fail("socket paths", found, advice)
    } else if longest > SOCKET_PATH_MAX {
        let found = format!(
            "names of more than {} bytes do not fit: a socket's path may have {SOCKET_PATH_MAX}",
            NAME_LEN_MAX - (longest - SOCKET_PATH_MAX)
        );
        Finding::warn("socket paths", found, advice)
    } else {
        Finding::ok(
            "socket paths",
            format!("up to {longest} of {SOCKET_PATH_MAX} bytes"),
        )
    }
}

/// Whether a file can be made in `folder`, or in the first folder above it that is there.
fn room(check: &str, folder: &Path) -> Option<Finding> {
    let folder = folder.ancestors().find(|folder| folder.is_dir())?;
    let shown = folder.display();
    let trial = folder.join(format!(".nearcall-doctor.{}", std::process::id()));
    let written = fs::write(&trial, "trial");
    let _ = fs::remove_file(&trial);
    if let Err(error) = written {
        let advice = format!("make {shown} writable for you, or free some room");
        return Some(Finding::fail(
            check,
            format!("cannot write in {shown}: {error}"),
            advice,
        ));
    }
    let room = rustix::fs::statvfs(folder).ok()?;
    let bytes = room.f_bavail.saturating_mul(room.f_frsize);
    let found = format!("{} MiB free in {shown}", bytes / (1024 * 1024));
    Some(if bytes < ROOM_MIN {
        Finding::warn(
            check,
            found,
            "free some room; sockets, entries and logs need little, but they need some",
        )
    } else {
        Finding::ok(check, found)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::Verdict;
    use super::*;

    #[test]
    fn only_a_folder_of_ones_own_is_well() {
        let folder = tempfile::tempdir().unwrap();
        let check = |path: &Path, verdict| {
            let finding = rights("folder", path).unwrap();
            assert_eq!(finding.verdict, verdict, "{finding:?}");
        };
        check(&folder.path().join("none"), Verdict::Ok);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        check(folder.path(), Verdict::Ok);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        check(folder.path(), Verdict::Fail);
        fs::write(folder.path().join("file"), "").unwrap();
        check(&folder.path().join("file"), Verdict::Fail);
    }

    #[test]
    fn paths_are_measured_against_the_limit() {
        let check = |folder_len: usize, verdict| {
            let folder = PathBuf::from("/".repeat(folder_len));
            assert_eq!(socket_path(&folder).verdict, verdict, "{folder_len}");
        };
        let longest = SOCKET_PATH_MAX - "/".len() - NAME_LEN_MAX - ".sock".len();
        check(longest, Verdict::Ok);
        check(longest + 1, Verdict::Warn);
        let supervisor = SOCKET_PATH_MAX - "/supervisor.sock".len();
        check(supervisor, Verdict::Warn);
        check(supervisor + 1, Verdict::Fail);
    }

    #[test]
    fn a_folder_is_tried_by_writing() {
        let folder = tempfile::tempdir().unwrap();
        let finding = room("room", &folder.path().join("not/there/yet")).unwrap();
        assert_ne!(finding.verdict, Verdict::Fail, "{finding:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

//! The folders of sockets and logs: whose they are, who may look in, whether names fit, whether there is room.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::config::SUPERVISOR_NAME;
use crate::imp::{self, RUNTIME_ADVICE, RUNTIME_VARIABLE, SOCKET_PATH_MAX, STATE_VARIABLES};
use crate::names::World;
use crate::registered;
use crate::state_folder::StateFolder;

/// The longest name of a service in bytes.
const NAME_LEN_MAX: usize = 32;

/// Less room than this many bytes is warned of.
const ROOM_MIN: u64 = 64 * 1024 * 1024;

pub(super) fn check(world: &World) -> Vec<Finding> {
    let runtime = nearcall::runtime_dir();
    let mut findings = vec![place(&runtime)];
    findings.extend(rights("runtime folder", &runtime));
    findings.extend(rights("world folder", &registered::folder(world)));
    if let Some(len_max) = SOCKET_PATH_MAX {
        findings.push(socket_path(&registered::folder(world), len_max));
    }
    findings.extend(room("runtime room", &runtime));
    match StateFolder::of(world) {
        Ok(folder) => {
            findings.extend(rights("log folder", folder.path()));
            findings.extend(room("log room", folder.path()));
        }
        Err(error) => findings.push(Finding::fail(
            "log folder",
            error.to_string(),
            format!("set {STATE_VARIABLES}"),
        )),
    }
    findings
}

fn place(runtime: &Path) -> Finding {
    let shown = runtime.display();
    match std::env::var_os(RUNTIME_VARIABLE).map(PathBuf::from) {
        Some(folder) if runtime.starts_with(&folder) => {
            Finding::ok("runtime place", format!("{shown}, by {RUNTIME_VARIABLE}"))
        }
        Some(folder) => Finding::warn(
            "runtime place",
            format!(
                "{shown}, since {RUNTIME_VARIABLE} is {folder:?}, which is not an absolute path"
            ),
            format!("set {RUNTIME_VARIABLE} to an absolute path, the same for every program"),
        ),
        None => Finding::warn(
            "runtime place",
            format!("{shown}, since {RUNTIME_VARIABLE} is not set"),
            RUNTIME_ADVICE,
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
    if !found.is_dir() {
        return Some(Finding::fail(
            check,
            format!("{shown} is not a folder"),
            format!("move {shown} out of the way"),
        ));
    }
    Some(match imp::rights(folder, &found) {
        Ok(words) => Finding::ok(check, format!("{shown}, {words}")),
        Err(wrong) => Finding::fail(check, wrong.found, wrong.advice),
    })
}

fn socket_path(folder: &Path, len_max: usize) -> Finding {
    let len = |name_len: usize| folder.as_os_str().len() + 1 + name_len + ".sock".len();
    let (shortest_needed, longest) = (len(SUPERVISOR_NAME.len()), len(NAME_LEN_MAX));
    let advice = "set XDG_RUNTIME_DIR to a shorter path, or give the world a shorter name";
    if shortest_needed > len_max {
        let found = format!(
            "the supervisor's would have {shortest_needed} bytes, and a socket's path may have {len_max}"
        );
        Finding::fail("socket paths", found, advice)
    } else if longest > len_max {
        let found = format!(
            "names of more than {} bytes do not fit: a socket's path may have {len_max}",
            NAME_LEN_MAX - (longest - len_max)
        );
        Finding::warn("socket paths", found, advice)
    } else {
        Finding::ok(
            "socket paths",
            format!("up to {longest} of {len_max} bytes"),
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
    let Some(bytes) = nearcall::room::free_bytes(folder) else {
        return Some(Finding::ok(check, format!("{shown} can be written")));
    };
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
    use super::super::Verdict;
    use super::*;

    #[test]
    fn only_a_folder_of_ones_own_is_well() {
        let folder = tempfile::tempdir().unwrap();
        let check = |path: &Path, verdict| {
            let finding = rights("folder", path).unwrap();
            assert_eq!(finding.verdict, verdict, "{finding:?}");
        };
        let private = folder.path().join("private");
        check(&private, Verdict::Ok);
        imp::make_private(&private).unwrap();
        check(&private, Verdict::Ok);
        fs::write(folder.path().join("file"), "").unwrap();
        check(&folder.path().join("file"), Verdict::Fail);
    }

    #[test]
    fn paths_are_measured_against_the_limit() {
        const LEN_MAX: usize = 107;
        let check = |folder_len: usize, verdict| {
            let folder = PathBuf::from("/".repeat(folder_len));
            assert_eq!(
                socket_path(&folder, LEN_MAX).verdict,
                verdict,
                "{folder_len}"
            );
        };
        let longest = LEN_MAX - "/".len() - NAME_LEN_MAX - ".sock".len();
        check(longest, Verdict::Ok);
        check(longest + 1, Verdict::Warn);
        let supervisor = LEN_MAX - "/supervisor.sock".len();
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

//! Folders that have to be this user's alone.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{PermissionsExt, symlink};

use nearcall_testkit::isolated;
use nearcall_transport::{PrivateDir, PrivateDirError, create_private_file, runtime_dir};

fn mode(path: &std::path::Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn it_is_made_with_its_parents_and_private() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("a/b/nearcall");
    let folder = PrivateDir::open(&root, "arena.0").unwrap();
    assert_eq!(folder.path(), root.join("arena.0"));
    for path in [folder.path(), &root, root.parent().unwrap()] {
        assert_eq!(mode(path), 0o700, "{}", path.display());
    }
    assert_eq!(
        PrivateDir::open(&root, "arena.0").unwrap(),
        folder,
        "it is opened again"
    );
}

#[test]
fn what_is_not_private_is_refused_in_words() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name);
    let check = |name: &str, expected: &str| {
        let error = PrivateDir::at(&at(name)).expect_err(name).to_string();
        assert!(error.contains(expected), "{name}: {error}");
        assert!(
            error.contains(&at(name).display().to_string()),
            "{name}: {error}"
        );
    };
    fs::create_dir(at("open")).unwrap();
    for open in [0o755, 0o710, 0o707, 0o770] {
        fs::set_permissions(at("open"), fs::Permissions::from_mode(open)).unwrap();
        check("open", &format!("found mode {open:o}; run `chmod 700"));
    }
    fs::set_permissions(at("open"), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(PrivateDir::at(&at("open")).is_ok(), "the advice helps");
    fs::write(at("file"), "").unwrap();
    check("file", "found a file");
    symlink(at("open"), at("link")).unwrap();
    check("link", "found a symbolic link");
    for name in ["", "..", "a/b", ".hidden", "a\0b"] {
        let opened = PrivateDir::open(&at("open"), name);
        assert!(
            matches!(opened, Err(PrivateDirError::NotAName { .. })),
            "{name:?}: {opened:?}"
        );
    }
}

#[test]
fn another_users_folder_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let theirs = temporary.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::set_permissions(&theirs, fs::Permissions::from_mode(0o700)).unwrap();
    if nearcall_testkit::left_out_without_root("another user's folder") {
        return;
    }
    std::os::unix::fs::chown(&theirs, Some(crate::other_user::OTHER_UID), None).unwrap();
    let error = PrivateDir::at(&theirs).unwrap_err();
    let theirs = format!("uid {}", crate::other_user::OTHER_UID);
    assert!(
        matches!(&error, PrivateDirError::OtherOwner { found, .. } if *found == theirs),
        "{error}"
    );
}

#[test]
fn the_runtime_folder_follows_the_variable() {
    let Some(runtime) = isolated("private_dir::the_runtime_folder_follows_the_variable", &[])
    else {
        return;
    };
    assert_eq!(runtime_dir(), runtime.join("nearcall"));
}

#[test]
fn a_relative_runtime_folder_is_not_followed() {
    let name = "private_dir::a_relative_runtime_folder_is_not_followed";
    if isolated(name, &[("XDG_RUNTIME_DIR", "run")]).is_none() {
        return;
    }
    let own = rustix::process::geteuid().as_raw();
    assert_eq!(
        runtime_dir(),
        std::env::temp_dir().join(format!("nearcall-{own}"))
    );
}

#[test]
fn a_file_is_made_once_and_private() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("token");
    let mut file = create_private_file(&path).unwrap();
    file.write_all(b"secret").unwrap();
    assert_eq!(mode(&path), 0o600);
    let second = create_private_file(&path).unwrap_err();
    assert_eq!(second.kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).unwrap(), b"secret");
}

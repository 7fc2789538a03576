//! A socket, and files.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use nearcall_rpc::Server;
use nearcall_sidecar::{Frames, Tier};

use super::{Served, geometry};

/// The way where there is no broker to be had.
pub(crate) const NEXT: Tier = if cfg!(target_os = "linux") {
    Tier::Proc
} else {
    Tier::Inline
};

/// An address that no other test has.
pub(crate) fn address_in(folder: &Path) -> String {
    format!("unix:{}", folder.join("frames.sock").display())
}

/// Channels whose frames may come by every way, with files in this folder.
pub(crate) fn frames_in(folder: &Path) -> Frames {
    if folder.exists() {
        let alone = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder, alone).unwrap();
    }
    let frames = Frames::new();
    #[cfg(target_os = "linux")]
    frames.allow_files_in(folder).unwrap();
    frames
}

impl Served {
    /// With settings of the server.
    pub(crate) async fn start_where(settings: impl FnOnce(Server) -> Server) -> Self {
        Self::start_as(geometry(), settings).await
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The files that frames go by, and nothing else.
    pub(crate) fn frame_files(&self) -> Vec<PathBuf> {
        frame_files(self.folder.path())
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn broker(&self) -> PathBuf {
        self.folder.path().join("frames.sock.frames")
    }
}

/// The files in a folder that frames go by.
pub(crate) fn frame_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    // What a UUID and the ending have.
    let long = |path: &PathBuf| path.file_name().is_some_and(|name| name.len() == 36 + 7);
    let mut found: Vec<_> = paths.filter(long).collect();
    found.sort();
    found
}

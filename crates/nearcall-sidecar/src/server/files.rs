//! Frames that go by files, on systems that lock them for who writes them.

mod folder;
mod frame_file;

use std::path::Path;
use std::sync::{Arc, OnceLock};

pub use folder::FilesError;
pub(super) use frame_file::FrameFile;

use super::Frames;
use super::caller::Caller;
use super::channel::Near;
use folder::Files;

/// Whether frames may go by files, and where these are.
#[derive(Debug, Default)]
pub(super) struct Filing(OnceLock<Arc<Files>>);

impl Filing {
    pub(super) fn is_allowed(&self) -> bool {
        self.0.get().is_some()
    }

    /// A file for `pins` frames of a subscription; none where there is none to be had.
    pub(super) async fn file(&self, caller: &Caller, near: &Near, pins: u32) -> Option<FrameFile> {
        let files = Arc::clone(self.0.get()?);
        let session = caller.session.clone()?;
        let (identity, channel) = (near.region.identity, near.region.geometry);
        // Making it has the system find room, which takes as long as there is much.
        let made = tokio::task::spawn_blocking(move || {
            FrameFile::make(&files, &session, identity, channel, pins)
        });
        let file = made.await.ok()?;
        file.inspect_err(|error| tracing::warn!(%error, "frames go inline, not by a file"))
            .ok()
    }
}

impl Frames {
    /// Lets frames go by [`Tier::File`](crate::Tier) too, to readers of this user that ask for it: one file for each, in
    /// the [runtime folder](nearcall_transport::runtime_dir). Files that a killed server left there are removed now.
    ///
    /// The trap: whatever is of this user can read these files, and write to them.
    ///
    /// # Errors
    ///
    /// The folder is not this user's alone, or these channels are [sealed](Self::sealed_from_peers), or it was done before.
    pub fn allow_files(&self) -> Result<(), FilesError> {
        self.allow_files_in(&nearcall_transport::runtime_dir())
    }

    /// As [`allow_files`](Self::allow_files), in another folder, which is made where there is none: on a disk, say, or on
    /// a volume that two containers of one user mount at the same place.
    ///
    /// # Errors
    ///
    /// As [`allow_files`](Self::allow_files).
    pub fn allow_files_in(&self, folder: &Path) -> Result<(), FilesError> {
        if self.shared.sealed {
            return Err(FilesError::Sealed);
        }
        let files = Arc::new(Files::open(folder)?);
        let set = self.shared.filing.0.set(files);
        set.map_err(|_| FilesError::Twice)
    }
}

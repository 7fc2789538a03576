//! One call of `Load`: files read and decoded in turn, on a thread that may block, and what is told of them.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::asset::{Asset, Format, LoadError};
use crate::decode::decode;
use crate::folder::{Entry, Folder};
use crate::path::AssetPath;

/// The hash of a file.
pub(crate) type Hash = [u8; 32];

/// What happened.
#[derive(Debug)]
pub(crate) enum Event {
    Progress {
        path: AssetPath,
        done: u64,
        total: u64,
        all_done: u64,
        all_total: u64,
    },
    Finished {
        path: AssetPath,
        hash: Hash,
        asset: Asset,
    },
    Failed {
        path: AssetPath,
        error: LoadError,
    },
    Skipped {
        path: AssetPath,
    },
}

/// The caller has left, or its connection ended.
#[derive(Debug)]
pub(crate) struct Left;

/// What is to be loaded.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) folder: Arc<Folder>,
    pub(crate) files: Vec<AssetPath>,
    /// What the caller has.
    pub(crate) have: HashMap<AssetPath, Hash>,
}

impl Load {
    /// Everything there is, or what is named. A path that leads out ends it all before it begins.
    pub(crate) fn new(
        folder: Arc<Folder>,
        paths: &[String],
        have: HashMap<AssetPath, Hash>,
    ) -> Result<Self, LoadError> {
        let files = if paths.is_empty() {
            let entries = folder.list(None)?.entries;
            entries.into_iter().map(|Entry { path, .. }| path).collect()
        } else {
            paths
                .iter()
                .map(|path| AssetPath::new(path))
                .collect::<Result<Vec<_>, _>>()?
        };
        for path in &files {
            if folder.file(path).err() == Some(LoadError::Outside) {
                return Err(LoadError::Outside);
            }
        }
        Ok(Self {
            folder,
            files,
            have,
        })
    }

    /// Loads, telling as it goes.
    pub(crate) fn run(
        self,
        mut decoding: impl FnMut(&mut dyn FnMut()),
        mut tell: impl FnMut(Event) -> Result<(), Left>,
    ) -> Result<(), Left> {
        let size = |path: &AssetPath| self.folder.file(path).map_or(0, |(_, bytes)| bytes);
        let all_total = self.files.iter().map(size).sum();
        let mut all_done = 0;
        for path in &self.files {
            let before = all_done;
            let mut told = Ok(());
            let read = Format::of(path.as_str()).ok_or(LoadError::NotFound);
            let read = read.and_then(|format| {
                let bytes = self.folder.read(path, |done, total| {
                    all_done = before + done;
                    if told.is_ok() {
                        told = tell(Event::Progress {
                            path: path.clone(),
                            done,
                            total,
                            all_done,
                            all_total,
                        });
                    }
                });
                bytes.map(|bytes| (format, bytes))
            });
            told?;
            let path = path.clone();
            let (format, bytes) = match read {
                Ok(read) => read,
                Err(error) => {
                    tell(Event::Failed { path, error })?;
                    continue;
                }
            };
            let hash: Hash = Sha256::digest(&bytes).into();
            if self.have.get(&path) == Some(&hash) {
                tell(Event::Skipped { path })?;
                continue;
            }
            let mut decoded = Err(LoadError::NotFound);
            decoding(&mut || decoded = decode(format, &bytes, &path, &self.folder));
            tell(match decoded {
                Ok(asset) => Event::Finished { path, hash, asset },
                Err(error) => Event::Failed { path, error },
            })?;
        }
        Ok(())
    }
}

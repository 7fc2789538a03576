//! A frame that is being copied out of a file.

use std::sync::Arc;

use nearcall_frames::Info;
use nearcall_proto::frames::v1 as wire;
use tokio::task::JoinHandle;

use super::NextError;
use super::filing::Filed;
use super::streamed::Hold;

/// It is copied on a thread that may block.
#[derive(Debug)]
pub(super) struct Reading {
    task: JoinHandle<Result<Vec<u8>, NextError>>,
    pub(super) info: Info,
}

impl Reading {
    /// Begins to copy. The frame is let go of when that is done, come what may.
    pub(super) fn begin(file: Arc<Filed>, info: Info, frame: &wire::FrameRef, hold: Hold) -> Self {
        let (seq, offset, length) = (frame.seq, frame.offset, frame.length);
        let task = tokio::task::spawn_blocking(move || {
            let read = file.read(seq, offset, length);
            drop(hold);
            read
        });
        Self { task, info }
    }

    /// Waits for the copy. It may be given up and waited for again.
    pub(super) async fn done(&mut self) -> Result<Vec<u8>, NextError> {
        let done = (&mut self.task).await;
        done.map_err(|error| NextError::File(error.into()))?
    }
}

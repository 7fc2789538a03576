//! What is kept for one open call of either side.

use std::collections::VecDeque;
use std::task::Waker;

use bytes::Bytes;
use http::HeaderMap;
use nearcall_lane::End;
use tokio::task::AbortHandle;
use tonic::Status;

use crate::deadline::Deadline;

/// One open call.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// Metadata from before the first message of an answer.
    pub(crate) head: Option<Box<HeaderMap>>,
    /// Messages that came and were not read yet.
    pub(crate) inbox: VecDeque<Bytes>,
    /// Why nothing more comes.
    pub(crate) over: Option<Over>,
    /// Who waits for what comes.
    pub(crate) reader: Option<Waker>,
    /// Who waits for room to send.
    pub(crate) writer: Option<Waker>,
    /// The task that sends: the handler of the peer's call, or the messages of ours.
    pub(crate) task: Option<AbortHandle>,
    /// When our call ends at the latest.
    pub(crate) deadline: Option<Deadline>,
}

/// Why nothing more comes on a call.
#[derive(Debug)]
pub(crate) enum Over {
    /// The peer, as the caller, sends no more.
    Closed,
    /// The peer answered.
    Ended(Box<End>),
    /// The peer did nothing with our call.
    NotCarriedOut,
    /// The connection is gone, or the deadline passed.
    Failed(Box<Status>),
}

impl Slot {
    /// Whether there is something that its reader has not seen.
    pub(crate) fn has_news(&self) -> bool {
        self.head.is_some() || !self.inbox.is_empty() || self.over.is_some()
    }

    /// Ends the task that sends.
    pub(crate) fn stop_sending(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

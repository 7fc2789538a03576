//! The messages of a streaming call of ours, in a task of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http_body::Body as _;
use tonic::body::Body;

use super::Shared;
use super::batch::{Batch, Finish};
use super::framing::Messages;
use super::slot::Over;
use super::state::Room;

/// Sends what a body has until it ends, or until the call does.
#[derive(Debug)]
pub(crate) struct Sending {
    shared: Arc<Shared>,
    stream: u64,
    body: Body,
    messages: Messages,
}

impl Sending {
    pub(crate) fn new(shared: Arc<Shared>, stream: u64, body: Body) -> Self {
        Self {
            shared,
            stream,
            body,
            messages: Messages::default(),
        }
    }

    /// Fills a batch. A body that fails ends the call, with its own failure for the reader of the answer.
    fn poll_batch(&mut self, cx: &mut Context<'_>, batch: &mut Batch) -> Poll<()> {
        loop {
            let failed = match batch.take(&mut self.messages) {
                Err(status) => status,
                Ok(()) if batch.ends() || batch.is_full() => return Poll::Ready(()),
                Ok(()) => match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                    None => {
                        batch.finish(Finish::Close);
                        continue;
                    }
                    Some(Ok(frame)) => {
                        if let Ok(data) = frame.into_data() {
                            self.messages.push(data);
                        }
                        continue;
                    }
                    Some(Err(status)) => status,
                },
            };
            let mut state = self.shared.state();
            if let Some(slot) = state.slots.get_mut(&self.stream) {
                slot.over.get_or_insert(Over::Failed(Box::new(failed)));
                slot.reader
                    .take()
                    .into_iter()
                    .for_each(std::task::Waker::wake);
            }
            batch.finish(Finish::Cancel);
            return Poll::Ready(());
        }
    }
}

impl Future for Sending {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let room = self.shared.state().room(self.stream, cx);
            match room {
                Room::Gone => return Poll::Ready(()),
                Room::None => return Poll::Pending,
                Room::Some => {}
            }
            let mut batch = Batch::default();
            let polled = self.poll_batch(cx, &mut batch);
            let ends = batch.ends();
            if !batch.is_empty() {
                let mut state = self.shared.state();
                state.say(self.stream, batch);
                state.send();
            }
            if ends {
                return Poll::Ready(());
            }
            ready!(polled);
        }
    }
}

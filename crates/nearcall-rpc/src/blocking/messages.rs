//! Messages that a thread sends on a call while it is open.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio_stream::Stream;

use super::Channel;
use crate::lane::Turn;
use crate::limits::SENT_MESSAGES_MAX;

/// A pair of ends: what is sent at one is what a streaming call is made with at the other.
///
/// ```no_run
/// # fn chat(channel: nearcall_rpc::blocking::Channel) {
/// let (mut orders, messages) = nearcall_rpc::blocking::messages(&channel);
/// // let mut answers = client.chat(messages)?.into_inner();
/// orders.send("hello").expect("the call goes on");
/// # let _: nearcall_rpc::blocking::Messages<&str> = messages;
/// # }
/// ```
#[must_use]
pub fn messages<T>(channel: &Channel) -> (Sender<T>, Messages<T>) {
    let shared: Arc<Mutex<Queue<T>>> = Arc::default();
    let sender = Sender {
        channel: channel.clone(),
        shared: Arc::clone(&shared),
    };
    (sender, Messages { shared })
}

/// Sends messages on a call. Dropped, it says that there are no more.
#[derive(Debug)]
pub struct Sender<T> {
    channel: Channel,
    shared: Arc<Mutex<Queue<T>>>,
}

/// The messages of a call, as they are sent.
#[derive(Debug)]
pub struct Messages<T> {
    shared: Arc<Mutex<Queue<T>>>,
}

#[derive(Debug)]
struct Queue<T> {
    waiting: VecDeque<T>,
    /// Nothing more is sent.
    closed: bool,
    /// Nobody takes them any more.
    gone: bool,
    reader: Option<Waker>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            closed: false,
            gone: false,
            reader: None,
        }
    }
}

impl<T> Sender<T> {
    /// Sends a message, and waits where as many as may are on their way.
    ///
    /// # Errors
    ///
    /// The call is over, and the message given back: the answer's status says why.
    pub fn send(&mut self, message: T) -> Result<(), T> {
        let mut message = message;
        loop {
            match self.try_send(message) {
                Ok(()) => return Ok(()),
                Err(back) if lock(&self.shared).gone => return Err(back),
                Err(back) => message = back,
            }
            let seen = self
                .channel
                .inner
                .lane()
                .as_ref()
                .map_or(0, crate::lane::Lane::turns);
            self.channel.turn(Turn::Wait, seen);
        }
    }

    /// Sends a message if there is room for it; never waits.
    ///
    /// # Errors
    ///
    /// There is no room, or the call is over; the message is given back.
    pub fn try_send(&mut self, message: T) -> Result<(), T> {
        // What waits may be on its way with this, and so make room.
        if lock(&self.shared).waiting.len() >= SENT_MESSAGES_MAX {
            self.channel.turn(Turn::Look, 0);
        }
        let mut queue = lock(&self.shared);
        if queue.gone || queue.waiting.len() >= SENT_MESSAGES_MAX {
            return Err(message);
        }
        queue.waiting.push_back(message);
        queue.reader.take().into_iter().for_each(Waker::wake);
        drop(queue);
        self.channel.turn(Turn::Look, 0);
        Ok(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut queue = lock(&self.shared);
        queue.closed = true;
        queue.reader.take().into_iter().for_each(Waker::wake);
    }
}

impl<T> Drop for Messages<T> {
    fn drop(&mut self) {
        lock(&self.shared).gone = true;
    }
}

impl<T> Stream for Messages<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut queue = lock(&self.shared);
        if let Some(message) = queue.waiting.pop_front() {
            return Poll::Ready(Some(message));
        }
        if queue.closed {
            return Poll::Ready(None);
        }
        queue.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

fn lock<T>(queue: &Mutex<Queue<T>>) -> MutexGuard<'_, Queue<T>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

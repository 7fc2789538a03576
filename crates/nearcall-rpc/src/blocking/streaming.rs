//! The messages of an answer, one after the other.

use tonic::Status;
use tonic::metadata::MetadataMap;

use super::Channel;

/// The messages of an answer: an iterator that waits for each.
#[derive(Debug)]
pub struct Streaming<T> {
    channel: Channel,
    messages: tonic::Streaming<T>,
}

impl<T> Streaming<T> {
    /// The messages of an async client's answer.
    pub const fn new(channel: Channel, messages: tonic::Streaming<T>) -> Self {
        Self { channel, messages }
    }

    /// The next message; none at the end.
    ///
    /// # Errors
    ///
    /// The status with which the call ended, if it did not end well.
    pub fn message(&mut self) -> Result<Option<T>, Status> {
        self.channel.wait(self.messages.message())
    }

    /// As [`message`](Self::message), if that is there; never waits.
    pub fn try_message(&mut self) -> Option<Result<Option<T>, Status>> {
        self.channel.look(std::pin::pin!(self.messages.message()))
    }

    /// The metadata that came after the last message.
    ///
    /// # Errors
    ///
    /// As [`message`](Self::message).
    pub fn trailers(&mut self) -> Result<Option<MetadataMap>, Status> {
        self.channel.wait(self.messages.trailers())
    }
}

impl<T> Iterator for Streaming<T> {
    type Item = Result<T, Status>;

    fn next(&mut self) -> Option<Self::Item> {
        self.message().transpose()
    }
}

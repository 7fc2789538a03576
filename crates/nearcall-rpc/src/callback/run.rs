//! Drives one end of a stream of callbacks: a [`Relay`] between the stream and the lane within the process.

use bytes::{Buf, BytesMut};
use nearcall_transport::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

use super::relay::Relay;
use super::words::{Heard, Word};

/// What goes out on the stream: words, and at the server perhaps why it ends.
pub(super) type Out = mpsc::Sender<Result<Word, Status>>;

/// Goes on until the stream ends, or the lane does.
///
/// # Errors
///
/// The peer broke a rule, or the stream did not end well.
pub(super) async fn run<W: Heard>(
    mut relay: Relay,
    lane: Connection,
    mut heard: Streaming<W>,
    out: &Out,
) -> Result<(), Status> {
    let (mut reader, mut writer) = lane.into_split();
    let mut read = BytesMut::new();
    loop {
        let writes = relay.output().has_remaining();
        relay.settle();
        tokio::select! {
            room = out.reserve(), if relay.has_words() => {
                let (Ok(room), Some(word)) = (room, relay.next_word()) else {
                    return Ok(());
                };
                room.send(Ok(word));
            }
            () = out.closed() => return Ok(()),
            word = heard.message(), if relay.listens() => {
                let Some(word) = word? else {
                    return Ok(());
                };
                if let Some(word) = word.word()? {
                    relay.hear(word)?;
                }
            }
            length = reader.read_buf(&mut read), if relay.reads() => {
                match length {
                    Ok(0) | Err(_) => return Ok(()),
                    Ok(_) => relay.read(&mut read)?,
                }
            }
            written = writer.write_buf(relay.output()), if writes => {
                if written.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

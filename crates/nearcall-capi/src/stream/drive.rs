//! What goes on behind a stream's handle.

use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use nearcall::metadata::MetadataMap;
use nearcall::raw::{self, MethodPath};
use nearcall::tokio;
use nearcall::tokio::sync::mpsc;
use nearcall::tokio_stream::wrappers::ReceiverStream;
use nearcall::{Reason, Status};

use super::{ARRIVED_MAX, SENT_MAX, Stream, Told};
use crate::abi::nearcall_event_kind::{NEARCALL_EVENT_END, NEARCALL_EVENT_MESSAGE};
use crate::abi::{nearcall_event, nearcall_stream};
use crate::buffer;
use crate::channel::Channel;
use crate::fault::Fault;
use crate::inbox::Inbox;
use crate::options::Call;
use crate::runtime::{Running, running};
use crate::status::Ended;
use crate::table;
use crate::versioned::bare_event;

/// Opens a stream; `given` has its handle before anything happens on it.
pub(super) fn open(
    channel: &Channel,
    path: MethodPath,
    call: Call,
    told: Option<Told>,
    given: impl FnOnce(u64),
) -> Result<(), Fault> {
    let (sender, receiver) = mpsc::channel(SENT_MAX);
    let running = running()?;
    let stream = keep(&running, Some(sender), told)?;
    given(stream.handle);
    let channel = channel.channel.clone();
    let with = call.options;
    let messages = call.request(ReceiverStream::new(receiver));
    let run = stream.clone();
    let exchange = async move {
        let mut response = raw::call(channel, &path, messages, with).await?;
        run.headers(std::mem::take(response.metadata_mut()));
        let mut replies = response.into_inner();
        while let Some(message) = replies.message().await? {
            run.message(message).await;
        }
        Ok(replies.trailers().await?.unwrap_or_default())
    };
    running.spawn(stream.until_end(exchange));
    Ok(())
}

/// Starts a call of one message; `given` has its handle before anything happens on it.
pub(super) fn start(
    channel: &Channel,
    path: MethodPath,
    request: Bytes,
    call: Call,
    told: Option<Told>,
    given: impl FnOnce(u64),
) -> Result<(), Fault> {
    let running = running()?;
    let stream = keep(&running, None, told)?;
    given(stream.handle);
    let channel = channel.channel.clone();
    let with = call.options;
    let request = call.request(request);
    let run = stream.clone();
    let exchange = async move {
        let response = raw::unary(channel, &path, request, with).await?;
        let (metadata, message, _) = response.into_parts();
        run.headers(metadata.clone());
        run.message(message).await;
        Ok(metadata)
    };
    running.spawn(stream.until_end(exchange));
    Ok(())
}

/// A stream as its task has it.
#[derive(Debug, Clone)]
struct Run {
    stream: Arc<Stream>,
    handle: nearcall_stream,
    told: Option<Told>,
}

fn keep(
    running: &Running,
    sender: Option<mpsc::Sender<Bytes>>,
    told: Option<Told>,
) -> Result<Run, Fault> {
    let stream = Arc::new(Stream {
        sender: Mutex::new(sender),
        inbox: told.is_none().then(|| Inbox::new(ARRIVED_MAX)),
        cancel: running.stopping(),
        headers: OnceLock::new(),
        ended: OnceLock::new(),
    });
    let handle = table::insert(Arc::clone(&stream))?;
    Ok(Run {
        stream,
        handle,
        told,
    })
}

impl Run {
    fn headers(&self, metadata: MetadataMap) {
        // A call has one answer, so this is the first.
        let _ = self.stream.headers.set(metadata);
    }

    async fn message(&self, message: Bytes) {
        if let Some(inbox) = &self.stream.inbox {
            inbox.put(message).await;
        } else if self.stream.cancel.is_cancelled() {
            // Messages may be at hand without an await between them; who gave the call up is told of none. The task is
            // on its way to notice.
            std::future::pending::<()>().await;
        } else if let Some(told) = &self.told {
            told.tell(
                self.handle,
                &nearcall_event {
                    message: buffer::lend(&message),
                    ..bare_event(NEARCALL_EVENT_MESSAGE, 0)
                },
            );
        }
    }

    async fn until_end(self, exchange: impl Future<Output = Result<MetadataMap, Status>>) {
        let outcome = tokio::select! {
            biased;
            () = self.stream.cancel.cancelled() => {
                Err(Reason::Cancelled.status("this side gave the call up"))
            }
            outcome = exchange => outcome,
        };
        let ended = match outcome {
            Ok(trailers) => Ended::well(trailers),
            Err(status) => Ended::badly(status),
        };
        let code = ended.code();
        // Set before anybody is told, so that who is told finds it.
        let _ = self.stream.ended.set(Arc::new(ended));
        drop(self.stream.finish());
        if let Some(inbox) = &self.stream.inbox {
            if self.stream.cancel.is_cancelled() {
                inbox.clear();
            }
            inbox.end(code);
        } else if let Some(told) = &self.told {
            told.tell(self.handle, &bare_event(NEARCALL_EVENT_END, code));
        }
    }
}

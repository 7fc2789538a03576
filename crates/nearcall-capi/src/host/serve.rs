//! How a call comes to C, and its answer back.

use std::ffi::c_void;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use nearcall::metadata::MetadataMap;
use nearcall::raw::{Answering, Messages};
use nearcall::tokio;
use nearcall::tokio::sync::{mpsc, oneshot};
use nearcall::tokio_stream::{self, Stream};
use nearcall::{Code, Request, Response, Status, Streaming};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::gate::Gate;
use crate::abi::nearcall_event_kind::{self, *};
use crate::abi::{nearcall_event, nearcall_served, nearcall_served_fn};
use crate::boundary::Out;
use crate::buffer;
use crate::fault::Fault;
use crate::inbox::Inbox;
use crate::table;
use crate::versioned::{EventPlace, bare_event};

/// Limit: messages of one hosted stream that were sent and are not on their way yet; one more is NEARCALL_ERROR_FULL.
pub(crate) const SERVED_SENT_MAX: usize = 64;

/// What the calls of one host share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) gate: Gate,
    /// Where calls wait for nearcall_host_poll.
    pub(super) arrivals: Inbox<Arrival, ()>,
    /// What tells C of streams; ends after the server does.
    pub(super) tellers: TaskTracker,
}

/// A call that C answers.
#[derive(Debug)]
pub(crate) struct Served {
    pub(super) metadata: MetadataMap,
    pub(super) deadline: Option<Instant>,
    /// Cancelled once nobody waits for the answer any more.
    pub(super) gone: CancellationToken,
    answer: Mutex<Answer>,
    /// How a stream ends; set before its sender is dropped.
    outcome: OnceLock<Status>,
    handle: OnceLock<nearcall_served>,
}

/// What is still to be answered.
#[derive(Debug)]
pub(super) enum Answer {
    Unary(oneshot::Sender<Result<Response<Bytes>, Status>>),
    Stream {
        /// Gone once the initial metadata were sent.
        start: Option<oneshot::Sender<MetadataMap>>,
        messages: mpsc::Sender<Bytes>,
    },
    Given,
}

impl Served {
    fn new(metadata: MetadataMap, answer: Answer) -> Arc<Self> {
        let remaining = nearcall::Context::current().remaining();
        Arc::new(Self {
            metadata,
            deadline: remaining.and_then(|left| Instant::now().checked_add(left)),
            gone: CancellationToken::new(),
            answer: Mutex::new(answer),
            outcome: OnceLock::new(),
            handle: OnceLock::new(),
        })
    }

    pub(super) fn answer(&self) -> MutexGuard<'_, Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the call with a status; what was sent before still goes first.
    pub(super) fn finish(&self, status: Status) -> Result<(), Fault> {
        let answer = std::mem::replace(&mut *self.answer(), Answer::Given);
        match answer {
            Answer::Unary(sender) => sender.send(Err(status)).map_err(|_| Fault::Ended),
            Answer::Stream { start, messages } => {
                let live = !messages.is_closed();
                // Nobody else ends it: the answer was taken out above.
                let _ = self.outcome.set(status);
                if let Some(start) = start {
                    let _ = start.send(MetadataMap::new());
                }
                live.then_some(()).ok_or(Fault::Ended)
            }
            Answer::Given => Err(Fault::Ended),
        }
    }

    /// Lets go of the call: who waits is told INTERNAL.
    pub(super) fn let_go(&self) {
        *self.answer() = Answer::Given;
    }

    /// The handle that C knows the call by, from the first time that it is told of it.
    fn handle(self: &Arc<Self>) -> Result<nearcall_served, Fault> {
        if let Some(handle) = self.handle.get() {
            return Ok(*handle);
        }
        let made = table::insert(Arc::clone(self))?;
        let handle = *self.handle.get_or_init(|| made);
        if handle != made {
            table::remove::<Self>(made)?;
        }
        Ok(handle)
    }

    /// Ends the handle, if C has not.
    fn end_handle(&self) {
        if let Some(handle) = self.handle.get() {
            drop(table::remove::<Self>(*handle));
        }
        self.let_go();
    }
}

fn no_answer() -> Status {
    Status::internal("the service let go of the call without an answer")
}

/// Who is told of a method's calls.
#[derive(Debug, Clone)]
pub(super) struct Sink {
    function: nearcall_served_fn,
    context: ContextPointer,
    shared: Arc<Shared>,
}

/// A pointer of C's that is handed back and never followed.
#[derive(Debug, Clone, Copy)]
struct ContextPointer(*mut c_void);

// SAFETY: here it is a number; the header says on which threads C gets it back.
unsafe impl Send for ContextPointer {}
// SAFETY: as above.
unsafe impl Sync for ContextPointer {}

impl Sink {
    pub(super) fn new(
        function: nearcall_served_fn,
        context: *mut c_void,
        shared: &Arc<Shared>,
    ) -> Self {
        Self {
            function,
            context: ContextPointer(context),
            shared: Arc::clone(shared),
        }
    }

    /// Tells C, or lets it find out; `false` where it is past hearing.
    async fn tell(
        &self,
        call: &Arc<Served>,
        kind: nearcall_event_kind,
        message: Option<Bytes>,
    ) -> bool {
        let Some(function) = self.function else {
            let arrival = Arrival {
                call: Arc::clone(call),
                kind,
                message,
                context: self.context,
            };
            self.shared.arrivals.put(arrival).await;
            return true;
        };
        let Some(_inside) = self.shared.gate.enter() else {
            return false;
        };
        let Ok(handle) = call.handle() else {
            return false;
        };
        let mut event = bare_event(kind, 0);
        if let Some(message) = &message {
            event.message = buffer::lend(message);
        }
        // SAFETY: C handed in a function of this type; the event and its message are there until it returns.
        unsafe { function(self.context.0, handle, &raw const event) };
        if kind == NEARCALL_EVENT_END {
            call.end_handle();
        }
        true
    }
}

/// Something that happened, until somebody looks.
#[derive(Debug)]
pub(crate) struct Arrival {
    call: Arc<Served>,
    kind: nearcall_event_kind,
    message: Option<Bytes>,
    context: ContextPointer,
}

impl Arrival {
    /// Writes it where C looks.
    pub(super) fn show(
        self,
        place: &EventPlace,
        call: &Out<nearcall_served>,
        context: Option<&Out<*mut c_void>>,
    ) -> Result<(), Fault> {
        let handle = self.call.handle()?;
        let mut event: nearcall_event = bare_event(self.kind, 0);
        if let Some(message) = self.message {
            event.message = buffer::hand_out(message)?;
        }
        if self.kind == NEARCALL_EVENT_END {
            self.call.end_handle();
        }
        place.set(event);
        call.set(handle);
        if let Some(context) = context {
            context.set(self.context.0);
        }
        Ok(())
    }
}

/// What a raw service calls for each call of a method.
pub(super) fn answer(
    sink: Sink,
    streaming: bool,
) -> impl Fn(Request<Streaming<Bytes>>) -> Answering + Send + Sync + 'static {
    move |request| {
        let sink = sink.clone();
        if streaming {
            Box::pin(stream(sink, request))
        } else {
            Box::pin(unary(sink, request))
        }
    }
}

async fn unary(
    sink: Sink,
    request: Request<Streaming<Bytes>>,
) -> Result<Response<Messages>, Status> {
    let (metadata, _, mut messages) = request.into_parts();
    let Some(message) = messages.message().await? else {
        return Err(Status::invalid_argument("expected one message, found none"));
    };
    let (sender, receiver) = oneshot::channel();
    let call = Served::new(metadata, Answer::Unary(sender));
    let _gone = call.gone.clone().drop_guard();
    if !sink
        .tell(&call, NEARCALL_EVENT_MESSAGE, Some(message))
        .await
    {
        return Err(no_answer());
    }
    // From here on C alone answers, or lets go.
    drop(call);
    let answer = receiver.await.map_err(|_| no_answer())??;
    Ok(answer.map(|message| -> Messages { Box::pin(tokio_stream::once(Ok(message))) }))
}

async fn stream(
    sink: Sink,
    request: Request<Streaming<Bytes>>,
) -> Result<Response<Messages>, Status> {
    let (metadata, _, incoming) = request.into_parts();
    let (start, started) = oneshot::channel();
    let (sender, messages) = mpsc::channel(SERVED_SENT_MAX);
    let start = Some(start);
    let call = Served::new(
        metadata,
        Answer::Stream {
            start,
            messages: sender,
        },
    );
    let gone = call.gone.clone().drop_guard();
    if !sink.tell(&call, NEARCALL_EVENT_OPEN, None).await {
        return Err(no_answer());
    }
    let shared = Arc::clone(&sink.shared);
    let teller = tell_all(sink, Arc::clone(&call), incoming);
    tokio::spawn(shared.tellers.track_future(teller));
    let metadata = started.await.map_err(|_| no_answer())?;
    let replies: Messages = Box::pin(Replies {
        messages,
        call,
        over: false,
        _gone: gone,
    });
    let mut response = Response::new(replies);
    *response.metadata_mut() = metadata;
    Ok(response)
}

/// Tells C of everything that happens on a stream after it was opened.
async fn tell_all(sink: Sink, call: Arc<Served>, mut incoming: Streaming<Bytes>) {
    loop {
        let message = tokio::select! {
            biased;
            () = call.gone.cancelled() => break,
            message = incoming.message() => message,
        };
        match message {
            Ok(Some(message)) => {
                sink.tell(&call, NEARCALL_EVENT_MESSAGE, Some(message))
                    .await;
            }
            Ok(None) => {
                sink.tell(&call, NEARCALL_EVENT_HALF_CLOSED, None).await;
                call.gone.cancelled().await;
                break;
            }
            // The caller is gone, or broke the rules: its answer is not waited for much longer.
            Err(_) => {
                call.gone.cancelled().await;
                break;
            }
        }
    }
    if !sink.tell(&call, NEARCALL_EVENT_END, None).await {
        call.end_handle();
    }
}

/// What C answers to a stream.
struct Replies {
    messages: mpsc::Receiver<Bytes>,
    call: Arc<Served>,
    over: bool,
    _gone: DropGuard,
}

impl Stream for Replies {
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        self.messages.poll_recv(cx).map(|message| {
            if let Some(message) = message {
                return Some(Ok(message));
            }
            self.over = true;
            match self.call.outcome.get() {
                None => Some(Err(no_answer())),
                Some(status) if status.code() == Code::Ok && status.metadata().is_empty() => None,
                Some(status) => Some(Err(status.clone())),
            }
        })
    }
}

//! Calls that this process makes: opened, fed, looked at, given up.

mod drive;

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use nearcall::metadata::MetadataMap;
use nearcall::tokio::sync::mpsc::{self, error::SendTimeoutError, error::TrySendError};
use tokio_util::sync::CancellationToken;

use crate::abi::nearcall_event_kind::{
    NEARCALL_EVENT_END, NEARCALL_EVENT_MESSAGE, NEARCALL_EVENT_NONE,
};
use crate::abi::{
    nearcall_call_options, nearcall_channel, nearcall_event, nearcall_metadata, nearcall_result,
    nearcall_status, nearcall_stream, nearcall_stream_fn,
};
use crate::boundary::{Out, bytes, enter, text};
use crate::buffer;
use crate::channel::{Channel, method};
use crate::fault::Fault;
use crate::inbox::{Found, Inbox};
use crate::metadata::Metadata;
use crate::options::{Call, time};
use crate::runtime::{may_wait, running};
use crate::status::Ended;
use crate::table;
use crate::versioned::{self, EventPlace, bare_event};

/// Limit: messages of one stream that were sent and are not on their way yet; one more is NEARCALL_ERROR_FULL.
pub(crate) const SENT_MAX: usize = 64;

/// Limit: messages of one stream that came and were not looked at yet; the other side waits when there are as many.
pub(crate) const ARRIVED_MAX: usize = 64;

/// A call that this process makes.
#[derive(Debug)]
pub(crate) struct Stream {
    /// Gone once the last message was sent, or the call is over.
    sender: Mutex<Option<mpsc::Sender<Bytes>>>,
    /// What came, where nobody is told of it.
    inbox: Option<Inbox<Bytes, i32>>,
    cancel: CancellationToken,
    /// The initial metadata of the answer.
    headers: OnceLock<MetadataMap>,
    ended: OnceLock<Arc<Ended>>,
}

/// A function of C's, and what it is to be handed.
#[derive(Debug, Clone, Copy)]
struct Told {
    function: unsafe extern "C" fn(*mut c_void, nearcall_stream, *const nearcall_event),
    context: *mut c_void,
}

// SAFETY: the header says on which threads the function runs, and so what the context must bear; here it is a number.
unsafe impl Send for Told {}
// SAFETY: as above.
unsafe impl Sync for Told {}

impl Told {
    fn new(function: nearcall_stream_fn, context: *mut c_void) -> Option<Self> {
        function.map(|function| Self { function, context })
    }

    fn tell(&self, stream: nearcall_stream, event: &nearcall_event) {
        // SAFETY: C handed in a function of this type, and the event is there until it returns.
        unsafe { (self.function)(self.context, stream, event) };
    }
}

impl Stream {
    /// Where the next message goes.
    fn sender(&self) -> Result<mpsc::Sender<Bytes>, Fault> {
        if self.ended.get().is_some() {
            return Err(Fault::Ended);
        }
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender
            .clone()
            .ok_or(Fault::State("the last message was sent already"))
    }

    fn finish(&self) -> Option<mpsc::Sender<Bytes>> {
        let mut sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender.take()
    }

    /// Gives the call up; what came and was not looked at is dropped.
    pub(crate) fn cancel(&self) {
        self.cancel.cancel();
        if let Some(inbox) = &self.inbox {
            inbox.clear();
        }
    }

    fn inbox(&self) -> Result<&Inbox<Bytes, i32>, Fault> {
        self.inbox
            .as_ref()
            .ok_or(Fault::State("this stream tells its callback"))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// Writes what was found as an event.
fn show(found: Found<Bytes, i32>, place: &EventPlace) -> Result<(), Fault> {
    place.set(match found {
        Found::Nothing => bare_event(NEARCALL_EVENT_NONE, 0),
        Found::End(code) => bare_event(NEARCALL_EVENT_END, code),
        Found::Item(message) => nearcall_event {
            message: buffer::hand_out(message)?,
            ..bare_event(NEARCALL_EVENT_MESSAGE, 0)
        },
    });
    Ok(())
}

/// Opens a call of any kind: messages are sent by nearcall_stream_send, and what comes is found by nearcall_stream_poll,
/// or told to `on_event` of the options. It never waits, not for a connection either. From any thread, callbacks
/// included. `options` may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_stream_open(
    channel: nearcall_channel,
    path: *const c_char,
    options: *const nearcall_call_options,
    stream: *mut nearcall_stream,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a text or null.
        let path = method(unsafe { text(path, "path") }?)?;
        // SAFETY: the header asks for a struct that says its size, or null.
        let options = unsafe { versioned::read::<nearcall_call_options>(options) }?;
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(stream, "stream") }?;
        let channel = table::find::<Channel>(channel)?;
        let call = Call::new(&options, None)?;
        let told = Told::new(options.on_event, options.context);
        drive::open(&channel, path, call, told, |handle| out.set(handle))
    })
}

/// Starts a call that takes one message and answers with one, and does not wait for the answer: it is found by
/// nearcall_stream_poll as one NEARCALL_EVENT_MESSAGE and then NEARCALL_EVENT_END, or told to `on_event`. The deadline
/// of the channel holds. From any thread, callbacks included. `options` may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_unary_start(
    channel: nearcall_channel,
    path: *const c_char,
    request: *const u8,
    request_len: usize,
    options: *const nearcall_call_options,
    stream: *mut nearcall_stream,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a text or null.
        let path = method(unsafe { text(path, "path") }?)?;
        // SAFETY: the header asks for `request_len` bytes.
        let request = unsafe { bytes(request, request_len, "request") }?;
        // SAFETY: the header asks for a struct that says its size, or null.
        let options = unsafe { versioned::read::<nearcall_call_options>(options) }?;
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(stream, "stream") }?;
        let channel = table::find::<Channel>(channel)?;
        let call = Call::new(&options, channel.unary_deadline)?;
        let told = Told::new(options.on_event, options.context);
        let request = Bytes::copy_from_slice(request);
        drive::start(&channel, path, request, call, told, |handle| {
            out.set(handle);
        })
    })
}

/// Sends a message, which is copied. NEARCALL_ERROR_FULL when the server is slower than this: try again later.
/// NEARCALL_ERROR_ENDED when the call is over. Never waits. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_stream_send(
    stream: nearcall_stream,
    message: *const u8,
    message_len: usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for `message_len` bytes.
        let message = unsafe { bytes(message, message_len, "message") }?;
        let sender = table::find::<Stream>(stream)?.sender()?;
        match sender.try_send(Bytes::copy_from_slice(message)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(Fault::Full),
            Err(TrySendError::Closed(_)) => Err(Fault::Ended),
        }
    })
}

/// As nearcall_stream_send, but waits for space, up to a time. Not from a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_stream_send_wait(
    stream: nearcall_stream,
    message: *const u8,
    message_len: usize,
    timeout_ms: u64,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for `message_len` bytes.
        let message = unsafe { bytes(message, message_len, "message") }?;
        let message = Bytes::copy_from_slice(message);
        let sender = table::find::<Stream>(stream)?.sender()?;
        let limit = time(timeout_ms, Some(Duration::ZERO)).unwrap_or(Duration::MAX);
        let sent = running()?.wait(async move { sender.send_timeout(message, limit).await })?;
        sent.map_err(|error| match error {
            SendTimeoutError::Timeout(_) => Fault::Timeout,
            SendTimeoutError::Closed(_) => Fault::Ended,
        })
    })
}

/// Says that no more messages will be sent; answers still come. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_stream_finish(stream: nearcall_stream) -> nearcall_result {
    enter(|| {
        let stream = table::find::<Stream>(stream)?;
        if stream.ended.get().is_some() {
            return Err(Fault::Ended);
        }
        let sender = stream.finish();
        sender
            .map(drop)
            .ok_or(Fault::State("the last message was sent already"))
    })
}

/// Looks whether something came; NEARCALL_EVENT_NONE if not. A message is to be given to nearcall_buffer_free. After
/// NEARCALL_EVENT_END it is NEARCALL_ERROR_ENDED. Never waits: made for the loop of a game. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_stream_poll(
    stream: nearcall_stream,
    event: *mut nearcall_event,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a struct that says its size, or null.
        let place = unsafe { EventPlace::new(event, "event") }?;
        let stream = table::find::<Stream>(stream)?;
        show(stream.inbox()?.take()?, &place)
    })
}

/// As nearcall_stream_poll, but waits until something comes, or NEARCALL_ERROR_TIMEOUT. Not from a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_stream_wait(
    stream: nearcall_stream,
    timeout_ms: u64,
    event: *mut nearcall_event,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a struct that says its size, or null.
        let place = unsafe { EventPlace::new(event, "event") }?;
        may_wait()?;
        let stream = table::find::<Stream>(stream)?;
        let limit = time(timeout_ms, Some(Duration::ZERO));
        // A time too far away for the clock is none.
        let until = limit.and_then(|limit| Instant::now().checked_add(limit));
        show(stream.inbox()?.wait(until)?, &place)
    })
}

/// Gives the call up: the server hears of it, messages that were not looked at are dropped, and the stream ends with the
/// status CANCELLED unless it has ended before. The handle stays. From any thread, at any time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_stream_cancel(stream: nearcall_stream) -> nearcall_result {
    enter(|| {
        table::find::<Stream>(stream)?.cancel();
        Ok(())
    })
}

/// The initial metadata of the answer, as a handle of its own, to be closed; NEARCALL_ERROR_NOT_READY until it came. It
/// is there with the first message. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_stream_metadata(
    stream: nearcall_stream,
    metadata: *mut nearcall_metadata,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(metadata, "metadata") }?;
        let stream = table::find::<Stream>(stream)?;
        let headers = stream.headers.get();
        let headers = headers.ok_or(Fault::NotReady("the answer"))?;
        out.set(table::insert(Arc::new(Metadata::of(headers)))?);
        Ok(())
    })
}

/// How the call ended, as a handle of its own, to be closed; NEARCALL_ERROR_NOT_READY until it has. It is there with
/// NEARCALL_EVENT_END. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_stream_status(
    stream: nearcall_stream,
    status: *mut nearcall_status,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(status, "status") }?;
        let stream = table::find::<Stream>(stream)?;
        let ended = stream.ended.get().ok_or(Fault::NotReady("the end"))?;
        out.set(table::insert(Arc::clone(ended))?);
        Ok(())
    })
}

/// Ends a stream handle, and gives the call up if it is not over. A callback is still told of the end. From any thread,
/// callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_stream_close(stream: nearcall_stream) -> nearcall_result {
    enter(|| {
        table::remove::<Stream>(stream)?.cancel();
        Ok(())
    })
}

//! A call that C answers, as C sees it.

use std::ffi::c_char;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use nearcall::metadata::MetadataMap;
use nearcall::tokio::sync::mpsc;
use nearcall::tokio::sync::mpsc::error::{SendTimeoutError, TrySendError};
use nearcall::{Code, Response, Status};

use super::serve::{Answer, Served};
use crate::abi::{NEARCALL_FOREVER, nearcall_metadata, nearcall_result, nearcall_served};
use crate::boundary::{Out, bytes, enter, text};
use crate::fault::Fault;
use crate::metadata::{Metadata, to_send};
use crate::options::time;
use crate::runtime::running;
use crate::table;

/// Answers a unary call with its one message, and ends the handle; from any thread, in the callback or any time later.
/// `metadata` goes along with the answer, or is 0. NEARCALL_ERROR_ENDED where the caller is gone: the handle ends all the
/// same. NEARCALL_ERROR_STATE on a stream.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_served_reply(
    call: nearcall_served,
    metadata: nearcall_metadata,
    message: *const u8,
    message_len: usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for `message_len` bytes.
        let message = unsafe { bytes(message, message_len, "message") }?;
        let served = table::find::<Served>(call)?;
        let mut response = Response::new(Bytes::copy_from_slice(message));
        *response.metadata_mut() = to_send(metadata)?;
        let mut answer = served.answer();
        if matches!(*answer, Answer::Stream { .. }) {
            return Err(Fault::State(
                "a stream is answered by nearcall_served_send and nearcall_served_finish",
            ));
        }
        let taken = std::mem::replace(&mut *answer, Answer::Given);
        drop(answer);
        table::remove::<Served>(call)?;
        match taken {
            Answer::Unary(sender) => sender.send(Ok(response)).map_err(|_| Fault::Ended),
            Answer::Stream { .. } | Answer::Given => Err(Fault::Ended),
        }
    })
}

/// Ends a call with a status, and the handle with it: a unary call that failed, or a stream, where 0 (OK) is the good end
/// and what was sent goes first. `message`, `details` (an encoded google.rpc.Status) and `metadata` may be null, empty and
/// 0. NEARCALL_ERROR_ENDED where the caller is gone: the handle ends all the same. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_served_finish(
    call: nearcall_served,
    code: i32,
    message: *const c_char,
    details: *const u8,
    details_len: usize,
    metadata: nearcall_metadata,
) -> nearcall_result {
    enter(|| {
        let message = if message.is_null() {
            ""
        } else {
            // SAFETY: the header asks for a text or null.
            unsafe { text(message, "message") }?
        };
        // SAFETY: the header asks for `details_len` bytes.
        let details = unsafe { bytes(details, details_len, "details") }?;
        if !(0..=16).contains(&code) {
            return Err(Fault::Argument(format!(
                "expected a gRPC status code, 0 to 16, found {code}"
            )));
        }
        let code = Code::from(code);
        let served = table::find::<Served>(call)?;
        if code == Code::Ok && matches!(*served.answer(), Answer::Unary(_)) {
            return Err(Fault::State(
                "a unary call ends well by nearcall_served_reply",
            ));
        }
        let status = Status::with_details_and_metadata(
            code,
            message,
            Bytes::copy_from_slice(details),
            to_send(metadata)?,
        );
        table::remove::<Served>(call)?;
        served.finish(status)
    })
}

/// Where the next message of a stream goes; what goes before it is sent.
fn sender(served: &Served, metadata: Option<MetadataMap>) -> Result<mpsc::Sender<Bytes>, Fault> {
    match &mut *served.answer() {
        Answer::Unary(_) => Err(Fault::State(
            "a unary call is answered by nearcall_served_reply",
        )),
        Answer::Given => Err(Fault::Ended),
        Answer::Stream { start, messages } => {
            match (start.take(), metadata) {
                (None, None) => {}
                (None, Some(_)) => {
                    return Err(Fault::State("the initial metadata were sent already"));
                }
                (Some(start), metadata) => {
                    start
                        .send(metadata.unwrap_or_default())
                        .map_err(|_| Fault::Ended)?;
                }
            }
            Ok(messages.clone())
        }
    }
}

/// Sends the initial metadata of a stream's answer, before its first message. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_served_send_metadata(
    call: nearcall_served,
    metadata: nearcall_metadata,
) -> nearcall_result {
    enter(|| {
        let served = table::find::<Served>(call)?;
        sender(&served, Some(to_send(metadata)?)).map(drop)
    })
}

/// Sends a message of a stream's answer, which is copied. NEARCALL_ERROR_FULL when the caller is slower than this: try again
/// later. NEARCALL_ERROR_ENDED when the caller is gone. Never waits. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_served_send(
    call: nearcall_served,
    message: *const u8,
    message_len: usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for `message_len` bytes.
        let message = unsafe { bytes(message, message_len, "message") }?;
        let sender = sender(&*table::find::<Served>(call)?, None)?;
        match sender.try_send(Bytes::copy_from_slice(message)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(Fault::Full),
            Err(TrySendError::Closed(_)) => Err(Fault::Ended),
        }
    })
}

/// As nearcall_served_send, but waits for space, up to a time. Not from a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_served_send_wait(
    call: nearcall_served,
    message: *const u8,
    message_len: usize,
    timeout_ms: u64,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for `message_len` bytes.
        let message = unsafe { bytes(message, message_len, "message") }?;
        let message = Bytes::copy_from_slice(message);
        let sender = sender(&*table::find::<Served>(call)?, None)?;
        let limit = time(timeout_ms, Some(Duration::ZERO)).unwrap_or(Duration::MAX);
        let sent = running()?.wait(async move { sender.send_timeout(message, limit).await })?;
        sent.map_err(|error| match error {
            SendTimeoutError::Timeout(_) => Fault::Timeout,
            SendTimeoutError::Closed(_) => Fault::Ended,
        })
    })
}

/// What came with the request, as a handle of its own, to be closed. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_served_metadata(
    call: nearcall_served,
    metadata: *mut nearcall_metadata,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(metadata, "metadata") }?;
        let served = table::find::<Served>(call)?;
        out.set(table::insert(Arc::new(Metadata::of(&served.metadata)))?);
        Ok(())
    })
}

/// How long the caller still waits, in milliseconds: NEARCALL_FOREVER where it set no deadline, 0 where it is gone. From any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_served_remaining_ms(
    call: nearcall_served,
    remaining_ms: *mut u64,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(remaining_ms, "remaining_ms") }?;
        let served = table::find::<Served>(call)?;
        let left = served.deadline.map_or(NEARCALL_FOREVER, |deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            u64::try_from(left.as_millis()).unwrap_or(NEARCALL_FOREVER)
        });
        out.set(if served.gone.is_cancelled() { 0 } else { left });
        Ok(())
    })
}

/// Ends the handle of a call without an answer: the caller is told INTERNAL. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_served_close(call: nearcall_served) -> nearcall_result {
    enter(|| {
        table::remove::<Served>(call)?.let_go();
        Ok(())
    })
}

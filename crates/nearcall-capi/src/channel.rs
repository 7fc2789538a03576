//! Channels, and the call that waits for its answer.

use std::ffi::c_char;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use nearcall::limits::{CONNECT_TIMEOUT, UNARY_DEADLINE};
use nearcall::raw::{self, MethodPath};

use crate::abi::{
    NEARCALL_WAIT_FOR_READY, nearcall_buffer, nearcall_call_options, nearcall_channel,
    nearcall_channel_options, nearcall_result, nearcall_status,
};
use crate::boundary::{Out, bytes, enter, text};
use crate::buffer;
use crate::fault::{Fault, in_full};
use crate::host::Host;
use crate::options::{self, Call};
use crate::runtime::{may_wait, running};
use crate::status::Ended;
use crate::table;
use crate::versioned;

/// A connection that comes back by itself.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) channel: nearcall::Channel,
    pub(crate) unary_deadline: Option<Duration>,
}

/// Reads `/package.Service/Method`.
pub(crate) fn method(path: &str) -> Result<MethodPath, Fault> {
    path.parse()
        .map_err(|error: raw::MethodPathError| Fault::Argument(error.to_string()))
}

fn builder(
    target: &str,
    options: &nearcall_channel_options,
) -> Result<(nearcall::ChannelBuilder, Option<Duration>), Fault> {
    let flags = options::flags(options.flags, NEARCALL_WAIT_FOR_READY)?;
    let connect = options::time(options.connect_timeout_ms, Some(CONNECT_TIMEOUT));
    let builder = nearcall::Channel::builder(target)
        .connect_timeout(connect.unwrap_or(Duration::MAX))
        .wait_for_ready(flags & NEARCALL_WAIT_FOR_READY != 0);
    let builder = match options.host {
        0 => builder,
        host => table::find::<Host>(host)?.lend(builder)?,
    };
    let unary_deadline = options::time(options.unary_deadline_ms, Some(UNARY_DEADLINE));
    Ok((builder, unary_deadline))
}

fn keep(channel: nearcall::Channel, unary_deadline: Option<Duration>) -> Result<u64, Fault> {
    table::insert(Arc::new(Channel {
        channel,
        unary_deadline,
    }))
}

/// Connects to a name, such as "arith" or "arena/arith", or to an address, such as "unix:/tmp/arith.sock".
/// NEARCALL_ERROR_CONNECT where nobody can be reached. Waits; not from a callback. `options` may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_channel_connect(
    target: *const c_char,
    options: *const nearcall_channel_options,
    channel: *mut nearcall_channel,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a text or null.
        let target = unsafe { text(target, "target") }?;
        // SAFETY: the header asks for a struct that says its size, or null.
        let options = unsafe { versioned::read(options) }?;
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(channel, "channel") }?;
        let (builder, unary_deadline) = builder(target, &options)?;
        let connected = running()?.wait(builder.connect())?;
        let connected = connected.map_err(|error| Fault::Connect(in_full(&error)))?;
        out.set(keep(connected, unary_deadline)?);
        Ok(())
    })
}

/// As nearcall_channel_connect, but the first call connects, and this function never waits: it fails only where the
/// target is neither a name nor an address. From any thread. `options` may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_channel_lazy(
    target: *const c_char,
    options: *const nearcall_channel_options,
    channel: *mut nearcall_channel,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a text or null.
        let target = unsafe { text(target, "target") }?;
        // SAFETY: the header asks for a struct that says its size, or null.
        let options = unsafe { versioned::read(options) }?;
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(channel, "channel") }?;
        let (builder, unary_deadline) = builder(target, &options)?;
        let lazy = builder.lazy();
        let lazy = lazy.map_err(|error| Fault::Argument(in_full(&error)))?;
        out.set(keep(lazy, unary_deadline)?);
        Ok(())
    })
}

/// Ends a channel handle. Calls that were started on it go on; the connection ends with the last of them. From any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_channel_close(channel: nearcall_channel) -> nearcall_result {
    enter(|| {
        let channel = table::remove::<Channel>(channel)?;
        let running = running()?;
        // A connection is shut down by a task of the threads.
        let _context = running.context();
        drop(channel);
        Ok(())
    })
}

/// Calls a method that takes one message and answers with one. `path` is "/package.Service/Method", the messages are
/// encoded. With NEARCALL_OK, `reply` is to be given to nearcall_buffer_free; with NEARCALL_ERROR_STATUS the call ended
/// otherwise. `status`, if not null, is set to a handle in both cases, to be closed, and to 0 in all others. Waits, up
/// to the deadline; not from a callback. `options` may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_unary(
    channel: nearcall_channel,
    path: *const c_char,
    request: *const u8,
    request_len: usize,
    options: *const nearcall_call_options,
    reply: *mut nearcall_buffer,
    status: *mut nearcall_status,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a place or null.
        let status = unsafe { Out::maybe(status) };
        if let Some(status) = &status {
            status.set(0);
        }
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(reply, "reply") }?;
        out.set(buffer::lend(&[]));
        // SAFETY: the header asks for a text or null.
        let path = method(unsafe { text(path, "path") }?)?;
        // SAFETY: the header asks for `request_len` bytes.
        let request = unsafe { bytes(request, request_len, "request") }?;
        // SAFETY: the header asks for a struct that says its size, or null.
        let options = unsafe { versioned::read::<nearcall_call_options>(options) }?;
        if options.on_event.is_some() {
            return Err(Fault::Argument(
                "nearcall_unary waits for its answer: `on_event` must be null".to_owned(),
            ));
        }
        may_wait()?;
        let channel = table::find::<Channel>(channel)?;
        let call = Call::new(&options, channel.unary_deadline)?;
        let with = call.options;
        let request = call.request(Bytes::copy_from_slice(request));
        let channel = channel.channel.clone();
        let answer = async move { raw::unary(channel, &path, request, with).await };
        match running()?.wait(answer)? {
            Ok(response) => {
                let (metadata, message, _) = response.into_parts();
                let ended = Ended::well(metadata);
                if let Some(status) = &status {
                    status.set(table::insert(Arc::new(ended))?);
                }
                out.set(buffer::hand_out(message)?);
                Ok(())
            }
            Err(failed) => {
                let ended = Ended::badly(failed);
                let fault = ended.fault();
                if let Some(status) = &status {
                    status.set(table::insert(Arc::new(ended))?);
                }
                Err(fault)
            }
        }
    })
}

//! Frames that this process looks at: a channel of them opened, looked at, held, let go of.

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod absent;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod lease;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod look;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod options;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod seen;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod trouble;

use std::ffi::c_char;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::abi::{
    nearcall_channel, nearcall_frame, nearcall_frames, nearcall_frames_info,
    nearcall_frames_options, nearcall_meta, nearcall_opaque, nearcall_result,
};
use crate::boundary::{Out, enter, text};
use crate::channel::Channel;
use crate::options::time;
use crate::runtime::running;
use crate::table;
use crate::versioned::{self, Place};

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use absent::hand_out;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
pub(crate) use absent::{FrameReader, Lease};
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
pub(crate) use lease::Lease;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
use lease::hand_out;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
pub(crate) use look::FrameReader;

/// Opens a channel of frames by its name, such as "render.main". It never waits, not for the server either: whether
/// the channel is there is found by nearcall_frames_poll and nearcall_frames_wait. Where the server is gone later on,
/// the channel is opened again by itself, for a minute. From any thread. `options` may be null. On Linux,
/// Windows and macOS; elsewhere NEARCALL_ERROR_UNSUPPORTED, and with no channel and no frame the other functions have nothing that
/// they could be called with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_frames_open(
    channel: nearcall_channel,
    name: *const c_char,
    options: *const nearcall_frames_options,
    frames: *mut nearcall_frames,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a text or null.
        let name = unsafe { text(name, "name") }?;
        // SAFETY: the header asks for a struct that says its size, or null.
        let options = unsafe { versioned::read(options) }?;
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(frames, "frames") }?;
        let channel = table::find::<Channel>(channel)?;
        let reader = FrameReader::open(channel.channel.clone(), name.to_owned(), &options)?;
        out.set(table::insert(Arc::new(reader))?);
        Ok(())
    })
}

/// Looks whether there is another frame by the channel's policy: one that is there is held, and is to be given to
/// nearcall_frame_release; with none, `lease` of `frame` is 0. Never waits: made for the loop of a game. From memory it
/// is the newest at this moment; frames that come as bytes may be one or two behind. From any thread.
///
/// NEARCALL_ERROR_HELD where as many frames are held as may be: release one, and go on. What ends the frames is told
/// once, and afterwards NEARCALL_ERROR_ENDED: NEARCALL_ERROR_NOT_FOUND where there is no such channel,
/// NEARCALL_ERROR_ARGUMENT where it takes no such options, NEARCALL_ERROR_LIMIT where it has as many readers as it
/// may, NEARCALL_ERROR_CONNECT where the server cannot be reached, NEARCALL_ERROR_EVICTED, NEARCALL_ERROR_BROKEN,
/// NEARCALL_ERROR_STATUS where the server says something else, NEARCALL_ERROR_ENDED where the writer ended it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_frames_poll(
    frames: nearcall_frames,
    frame: *mut nearcall_frame,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a struct that says its size, or null.
        let place = unsafe { Place::new(frame, "frame") }?;
        let reader = table::find::<FrameReader>(frames)?;
        match reader.poll()? {
            Some(held) => hand_out(held, &place),
            None => {
                place.set(NONE);
                Ok(())
            }
        }
    })
}

/// As nearcall_frames_poll, but waits until there is a frame, up to a time. When that is up, NEARCALL_ERROR_TIMEOUT; or
/// NEARCALL_ERROR_CONNECT while the server is gone, with which the frames have not ended: wait again, and they go on
/// once it is back. One thread may wait for a channel's frames at a time: NEARCALL_ERROR_STATE. Not from a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_frames_wait(
    frames: nearcall_frames,
    timeout_ms: u64,
    frame: *mut nearcall_frame,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a struct that says its size, or null.
        let place = unsafe { Place::new(frame, "frame") }?;
        let reader = table::find::<FrameReader>(frames)?;
        let limit = time(timeout_ms, Some(Duration::ZERO));
        // A time too far away for the clock is none.
        let until = limit.and_then(|limit| Instant::now().checked_add(limit));
        hand_out(reader.wait(until)?, &place)
    })
}

/// How it is with a channel's frames, as of the last look. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_frames_get_info(
    frames: nearcall_frames,
    info: *mut nearcall_frames_info,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a struct that says its size, or null.
        let place = unsafe { Place::new(info, "info") }?;
        place.set(table::find::<FrameReader>(frames)?.info());
        Ok(())
    })
}

/// Ends a channel's handle. Frames that are held stay until they are released; a thread that waits answers
/// NEARCALL_ERROR_ENDED. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_frames_close(frames: nearcall_frames) -> nearcall_result {
    enter(|| {
        let reader = table::remove::<FrameReader>(frames)?;
        let running = running()?;
        // What comes over a connection is ended by a task of the threads.
        let _context = running.context();
        reader.close();
        Ok(())
    })
}

/// Lets go of a frame and empties the struct; its bytes must not be looked at any more. A struct without a frame is left
/// as it is; one whose copy was released before is NEARCALL_ERROR_HANDLE. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_frame_release(frame: *mut nearcall_frame) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a struct that says its size, or null.
        let place = unsafe { Place::new(frame, "frame") }?;
        // SAFETY: not null, and every version of the struct has the field.
        let lease = unsafe { (*frame).lease };
        if lease != 0 {
            drop(table::remove::<Lease>(lease)?);
            place.set(NONE);
        }
        Ok(())
    })
}

/// No frame.
const NONE: nearcall_frame = nearcall_frame {
    size: 0,
    meta_kind: 0,
    lease: 0,
    data: std::ptr::null(),
    len: 0,
    seq: 0,
    epoch: 0,
    captured_ns: 0,
    published_ns: 0,
    lost: 0,
    tier: 0,
    has_crc: 0,
    crc: 0,
    user: [0; 24],
    meta: nearcall_meta {
        opaque: NOTHING_SAID,
    },
};

/// The longest field of the union, so that no byte of it is left as it was.
const NOTHING_SAID: nearcall_opaque = nearcall_opaque {
    len: 0,
    bytes: [0; 160],
};

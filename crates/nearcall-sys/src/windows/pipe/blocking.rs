//! A client's end of a pipe for calls that block.
//!
//! A pipe that one thread reads and another writes has to be used overlapped, and then the system reads into and writes
//! from memory while nobody waits. That memory is the pipe's own: reads go ahead into it, and what is written is copied.

use std::io::{self, IoSlice};
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_IO_INCOMPLETE, ERROR_IO_PENDING, ERROR_PIPE_NOT_CONNECTED, WAIT_FAILED,
};
use windows_sys::Win32::Storage::FileSystem::{ReadFile, WriteFile};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, WaitForMultipleObjects, WaitForSingleObject,
};

use super::{BUFFER_BYTES, open_handle};
use crate::windows::handle::{owned, succeeded};

/// The end of a pipe that connected. Reads wait for as long as they are told, writes never do.
#[derive(Debug)]
pub struct BlockingPipe {
    // Fields are dropped in this order; each operation ends before its memory does.
    reading: Mutex<Operation>,
    writing: Mutex<Operation>,
    // Signalled while the operation is not under way.
    read_done: OwnedHandle,
    write_done: OwnedHandle,
    pipe: OwnedHandle,
}

/// An operation of the system on memory of its own.
struct Operation {
    /// Where it reads into or writes from. Neither moved nor touched while it is under way.
    memory: Box<[u8]>,
    overlapped: Box<OVERLAPPED>,
    under_way: bool,
    /// What of a read nobody has taken yet.
    ready: std::ops::Range<usize>,
}

// SAFETY: the pointer in `overlapped` is the handle of an event, which any thread may use.
unsafe impl Send for Operation {}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operation")
            .field("under_way", &self.under_way)
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}

impl BlockingPipe {
    /// Connects to a pipe, as [`open`](super::open) does.
    ///
    /// # Errors
    ///
    /// There is no such pipe, none of its instances is free, or this user may not.
    pub fn open(name: &str) -> io::Result<Self> {
        let pipe = open_handle(name)?;
        let (read_done, write_done) = (event()?, event()?);
        Ok(Self {
            reading: Mutex::new(Operation::new(&read_done)),
            writing: Mutex::new(Operation::new(&write_done)),
            read_done,
            write_done,
            pipe,
        })
    }

    /// Reads what is there, or waits for it at most so long; none is without end.
    ///
    /// # Errors
    ///
    /// Nothing came in that time (`WouldBlock`), or the connection broke.
    pub fn read(&self, buffer: &mut [u8], limit: Option<Duration>) -> io::Result<usize> {
        let mut reading = self.begin_reading()?;
        if reading.under_way {
            drop(reading);
            // Others may read, too, and take what came; then nothing is there, and the caller looks at the clock.
            wait_for(&[&self.read_done], limit)?;
            reading = self.begin_reading()?;
        }
        if reading.under_way {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(reading.take(buffer))
    }

    /// Writes as much as there is room for, without waiting.
    ///
    /// # Errors
    ///
    /// There is no room (`WouldBlock`), or the connection broke.
    pub fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut writing = lock(&self.writing);
        if writing.under_way {
            writing.finish(&self.pipe)?;
        }
        if writing.under_way {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut count = 0;
        for slice in slices {
            let room = writing.memory.get_mut(count..).unwrap_or_default();
            let length = room.len().min(slice.len());
            room[..length].copy_from_slice(&slice[..length]);
            count += length;
        }
        if count > 0 {
            writing.start_write(&self.pipe, count)?;
        }
        Ok(count)
    }

    /// Waits until there is something to read, or room to write.
    ///
    /// # Errors
    ///
    /// The system cannot wait.
    pub fn wait(&self, limit: Option<Duration>) -> io::Result<()> {
        // A read that breaks at once is something to read: whoever reads hears of it.
        if self.begin_reading().is_ok_and(|reading| reading.under_way) {
            wait_for(&[&self.read_done, &self.write_done], limit)?;
        }
        Ok(())
    }

    /// A read that is under way, or that has something or the end.
    fn begin_reading(&self) -> io::Result<MutexGuard<'_, Operation>> {
        let mut reading = lock(&self.reading);
        if reading.under_way {
            reading.finish(&self.pipe)?;
        } else if reading.ready.is_empty() {
            reading.start_read(&self.pipe)?;
        }
        Ok(reading)
    }
}

impl AsHandle for BlockingPipe {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.pipe.as_handle()
    }
}

impl Drop for BlockingPipe {
    fn drop(&mut self) {
        // What was written goes out; what was to be read does not matter any more.
        for (operation, cancel) in [(&self.writing, false), (&self.reading, true)] {
            lock(operation).end(&self.pipe, cancel);
        }
    }
}

impl Operation {
    fn new(done: &OwnedHandle) -> Self {
        Self {
            memory: vec![0; BUFFER_BYTES as usize].into_boxed_slice(),
            overlapped: Box::new(OVERLAPPED {
                hEvent: done.as_raw_handle(),
                ..OVERLAPPED::default()
            }),
            under_way: false,
            ready: 0..0,
        }
    }

    fn start_read(&mut self, pipe: &OwnedHandle) -> io::Result<()> {
        // SAFETY: the memory has as many bytes and stays where it is, as does the structure beside it, until the read is
        // over: `under_way` says so until then, and `end` waits for it.
        let answer = unsafe {
            ReadFile(
                pipe.as_raw_handle(),
                self.memory.as_mut_ptr(),
                BUFFER_BYTES,
                ptr::null_mut(),
                &raw mut *self.overlapped,
            )
        };
        self.started(pipe, answer)
    }

    fn start_write(&mut self, pipe: &OwnedHandle, count: usize) -> io::Result<()> {
        let count = u32::try_from(count).unwrap_or(BUFFER_BYTES);
        // SAFETY: the memory has at least as many bytes and stays as it is, as does the structure beside it, until the
        // write is over: `under_way` says so until then, and `end` waits for it.
        let answer = unsafe {
            WriteFile(
                pipe.as_raw_handle(),
                self.memory.as_ptr(),
                count,
                ptr::null_mut(),
                &raw mut *self.overlapped,
            )
        };
        self.started(pipe, answer)
    }

    fn started(&mut self, pipe: &OwnedHandle, answer: i32) -> io::Result<()> {
        match succeeded(answer) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(ERROR_IO_PENDING.cast_signed()) => {}
            Err(error) => return self.ended(error),
        }
        self.under_way = true;
        self.finish(pipe)
    }

    /// Looks whether the operation is over.
    fn finish(&mut self, pipe: &OwnedHandle) -> io::Result<()> {
        let mut count = 0;
        // SAFETY: the structure is that of an operation that was started on this pipe.
        let answer = unsafe {
            GetOverlappedResult(
                pipe.as_raw_handle(),
                &raw const *self.overlapped,
                &raw mut count,
                0,
            )
        };
        match succeeded(answer) {
            Ok(()) => {
                self.under_way = false;
                self.ready = 0..count as usize;
                Ok(())
            }
            Err(error) if error.raw_os_error() == Some(ERROR_IO_INCOMPLETE.cast_signed()) => Ok(()),
            Err(error) => {
                self.under_way = false;
                self.ended(error)
            }
        }
    }

    /// A peer that has gone is the end of what is read, and nothing is left of it.
    fn ended(&mut self, error: io::Error) -> io::Result<()> {
        self.ready = 0..0;
        match error.raw_os_error().map(i32::cast_unsigned) {
            Some(ERROR_BROKEN_PIPE | ERROR_PIPE_NOT_CONNECTED) => {
                Err(io::Error::new(io::ErrorKind::BrokenPipe, error))
            }
            _ => Err(error),
        }
    }

    fn take(&mut self, buffer: &mut [u8]) -> usize {
        let count = self.ready.len().min(buffer.len());
        let until = self.ready.start + count;
        buffer[..count].copy_from_slice(&self.memory[self.ready.start..until]);
        self.ready.start = until;
        count
    }

    fn end(&mut self, pipe: &OwnedHandle, cancel: bool) {
        if !self.under_way {
            return;
        }
        let pipe = pipe.as_raw_handle();
        if cancel {
            // SAFETY: the structure is that of an operation that was started on this pipe.
            unsafe { CancelIoEx(pipe, &raw const *self.overlapped) };
        }
        // SAFETY: the event is open.
        let waited = unsafe { WaitForSingleObject(self.overlapped.hEvent, PARTING_MILLIS) };
        if waited != 0 {
            // SAFETY: the structure is that of an operation that was started on this pipe.
            unsafe { CancelIoEx(pipe, &raw const *self.overlapped) };
        }
        let mut count = 0;
        // SAFETY: as above; it waits until the system uses neither the memory nor the structure any more.
        unsafe { GetOverlappedResult(pipe, &raw const *self.overlapped, &raw mut count, 1) };
        self.under_way = false;
    }
}

/// Limit: how long a pipe that is dropped waits for its peer to take what was written, in milliseconds.
const PARTING_MILLIS: u32 = 100;

fn lock(operation: &Mutex<Operation>) -> MutexGuard<'_, Operation> {
    operation.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An event that is signalled until an operation begins, and again once that is over.
fn event() -> io::Result<OwnedHandle> {
    // SAFETY: without attributes and a name there is nothing to point to.
    let answer = unsafe { CreateEventW(ptr::null(), 1, 1, ptr::null()) };
    // SAFETY: it was called right before and answers a handle to close, or null.
    unsafe { owned(answer) }
}

/// Waits until one of them is signalled, at most so long; none is without end.
fn wait_for(events: &[&OwnedHandle], limit: Option<Duration>) -> io::Result<()> {
    let handles: Vec<_> = events.iter().map(|event| event.as_raw_handle()).collect();
    let millis = limit.map_or(INFINITE, |limit| {
        // Up, so that a wait never ends before its time and is made again at once.
        let millis = limit.as_micros().div_ceil(1000);
        u32::try_from(millis).unwrap_or(INFINITE - 1)
    });
    let count = u32::try_from(handles.len()).unwrap_or(0);
    // SAFETY: the pointer is to as many handles, which are open while they are borrowed.
    match unsafe { WaitForMultipleObjects(count, handles.as_ptr(), 0, millis) } {
        WAIT_FAILED => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

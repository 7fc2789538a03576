//! Waiting for handles to be signalled: on this thread, or by a runtime.

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE, WAIT_FAILED, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    INFINITE, RegisterWaitForSingleObject, UnregisterWaitEx, WT_EXECUTEDEFAULT, WT_EXECUTEONLYONCE,
    WaitForMultipleObjects,
};

use super::handle::succeeded;

/// Waits until one of them is signalled, for at most `most`, and says which; the first of several. At most 64 handles.
///
/// # Errors
///
/// A handle is not good for waiting.
pub fn wait_any(handles: &[BorrowedHandle<'_>], most: Duration) -> io::Result<Option<usize>> {
    let handles: Vec<_> = handles.iter().map(AsRawHandle::as_raw_handle).collect();
    let count = u32::try_from(handles.len()).unwrap_or(u32::MAX);
    // Up, so that a wait never ends before its time and is made again at once.
    let millis = most.as_micros().div_ceil(1000);
    let millis = u32::try_from(millis).map_or(INFINITE - 1, |millis| millis.min(INFINITE - 1));
    // SAFETY: the pointer is to as many handles, which are open while they are borrowed.
    let answer = unsafe { WaitForMultipleObjects(count, handles.as_ptr(), 0, millis) };
    if answer == WAIT_FAILED {
        return Err(io::Error::last_os_error());
    }
    let which = answer.wrapping_sub(WAIT_OBJECT_0);
    Ok((which < count).then_some(which as usize))
}

/// Handles that a runtime's task waits for. The system's own threads watch them.
#[derive(Debug)]
pub struct Watch {
    news: Arc<Notify>,
    /// Fields are dropped after [`Drop::drop`] has run, and so after the last wait has ended.
    waits: Vec<Wait>,
}

impl Watch {
    /// Watches some that are taken by who sees them, and some that stay signalled, of which each is news once.
    ///
    /// Who watches an event that is taken takes it: another waiter would hear nothing of it.
    ///
    /// # Errors
    ///
    /// A handle is not good for waiting, or the system is out of something.
    pub fn of(taken: &[BorrowedHandle<'_>], stay: &[BorrowedHandle<'_>]) -> io::Result<Self> {
        let mut watch = Self {
            news: Arc::new(Notify::new()),
            waits: Vec::new(),
        };
        let taken = taken.iter().map(|handle| (handle, WT_EXECUTEDEFAULT));
        let stay = stay.iter().map(|handle| (handle, WT_EXECUTEONLYONCE));
        for (handle, flags) in taken.chain(stay) {
            let wait = Wait::begin(*handle, &watch.news, flags)?;
            watch.waits.push(wait);
        }
        Ok(watch)
    }

    /// Waits until one of them was signalled. What was signalled before counts, once for all that came together.
    pub async fn news(&self) {
        self.news.notified().await;
    }
}

/// One handle that is watched.
#[derive(Debug)]
struct Wait {
    registered: HANDLE,
    /// The context of the callback.
    _news: Arc<Notify>,
    /// What is waited for: it must not be closed before the wait has ended.
    _handle: OwnedHandle,
}

// SAFETY: the one field that is not by itself is a number by which any thread may end the wait.
unsafe impl Send for Wait {}
// SAFETY: as above; nothing is done by a shared reference.
unsafe impl Sync for Wait {}

impl Wait {
    fn begin(handle: BorrowedHandle<'_>, news: &Arc<Notify>, flags: u32) -> io::Result<Self> {
        let handle = handle.try_clone_to_owned()?;
        let news = Arc::clone(news);
        let mut registered = ptr::null_mut();
        // SAFETY: the handle is open, and stays so until the wait has ended, as does the context, to which this value has
        // a share; and the first pointer is to room for a handle.
        let answer = unsafe {
            RegisterWaitForSingleObject(
                &raw mut registered,
                handle.as_raw_handle(),
                Some(tell),
                Arc::as_ptr(&news).cast(),
                INFINITE,
                flags,
            )
        };
        succeeded(answer)?;
        Ok(Self {
            registered,
            _news: news,
            _handle: handle,
        })
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        // SAFETY: it was registered, and is ended this once. With this second argument the call returns when no callback
        // runs any more, nor ever will.
        let _ = unsafe { UnregisterWaitEx(self.registered, INVALID_HANDLE_VALUE) };
    }
}

/// Runs on a thread of the system's.
unsafe extern "system" fn tell(context: *mut c_void, _timed_out: bool) {
    // SAFETY: the context is that of the wait, which has a share of it for as long as this may run.
    let news = unsafe { &*context.cast::<Notify>() };
    news.notify_one();
}

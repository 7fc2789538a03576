//! The threads of the library: started by the first call that needs them, ended by `nearcall_shutdown`.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nearcall::tokio;
use nearcall::tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::fault::Fault;
use crate::table;

/// Limit: threads of the library.
pub(crate) const THREADS: usize = 2;

/// Limit: how long `nearcall_shutdown` waits for callbacks that run, and for calls that are being made.
pub(crate) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait between two looks at who still uses the threads.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);

static RUNNING: Mutex<Option<Arc<Running>>> = Mutex::new(None);

/// The threads, and what runs on them.
#[derive(Debug)]
pub(crate) struct Running {
    runtime: Runtime,
    /// Ends everything that waits or runs.
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// The threads of the library.
pub(crate) fn running() -> Result<Arc<Running>, Fault> {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(running) = &*running {
        return Ok(Arc::clone(running));
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("nearcall")
        .on_thread_start(bear_broken_pipes)
        .enable_all()
        .build()
        .map_err(Fault::Runtime)?;
    let started = Arc::new(Running {
        runtime,
        stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
    });
    *running = Some(Arc::clone(&started));
    Ok(started)
}

/// Keeps SIGPIPE from this thread. A peer that dies while it is written to is an error of that write; the signal would
/// end the program, which is Rust's own concern in a Rust program, and nobody's in one of C. No other signal is kept
/// away: runtimes such as Mono's stop threads by signals.
#[cfg(unix)]
fn bear_broken_pipes() {
    let mut signals = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset fills in the set that it is given room for.
    unsafe { libc::sigemptyset(signals.as_mut_ptr()) };
    // SAFETY: filled in above.
    let mut signals = unsafe { signals.assume_init() };
    // SAFETY: the set is ours and SIGPIPE is a signal.
    unsafe { libc::sigaddset(&raw mut signals, libc::SIGPIPE) };
    // SAFETY: changes the mask of this thread alone, which belongs to the library; the old one is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const signals, std::ptr::null_mut()) };
}

#[cfg(not(unix))]
fn bear_broken_pipes() {}

/// Refuses to wait on a thread of the library, where others would wait for this one.
pub(crate) fn may_wait() -> Result<(), Fault> {
    match Handle::try_current() {
        Ok(_) => Err(Fault::Thread),
        Err(_) => Ok(()),
    }
}

impl Running {
    /// Waits until something is done. The threads do it, so that a socket is never written to on the caller's: what a
    /// broken one does to a thread that is not ours is not ours to decide.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Fault> {
        may_wait()?;
        let stop = self.stop.clone();
        let work = self.runtime.spawn(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => Err(Fault::Shutdown),
                done = work => Ok(done),
            }
        });
        match self.runtime.block_on(work) {
            Ok(done) => done,
            Err(failed) => match failed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Fault::Shutdown),
            },
        }
    }

    /// Runs something that `nearcall_shutdown` waits for, and that ends once the library stops.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(work, self.runtime.handle());
    }

    /// Says when the library stops.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stop.child_token()
    }

    /// Lets timers and sockets be made on the caller's thread.
    pub(crate) fn context(&self) -> tokio::runtime::EnterGuard<'_> {
        self.runtime.enter()
    }
}

/// Ends every handle, every call and the threads. What is called afterwards starts anew.
pub(crate) fn shutdown() -> Result<(), Fault> {
    may_wait()?;
    let taken = RUNNING
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let Some(mut running) = taken else {
        drop(table::clear());
        return Ok(());
    };
    running.stop.cancel();
    let ended = {
        let _context = running.context();
        // Channels say goodbye to their servers by being dropped.
        drop(table::clear());
        running.tasks.close();
        running
            .runtime
            .block_on(async { tokio::time::timeout(SHUTDOWN_TIMEOUT, running.tasks.wait()).await })
    };
    let limit = Instant::now() + SHUTDOWN_TIMEOUT;
    let runtime = loop {
        match Arc::try_unwrap(running) {
            Ok(alone) => break alone.runtime,
            // Calls that wait on other threads have been told, and are on their way out.
            Err(shared) if Instant::now() < limit => {
                running = shared;
                std::thread::sleep(LOOK_INTERVAL);
            }
            // The last of them takes the threads along.
            Err(_) => return Err(Fault::Timeout),
        }
    };
    match ended {
        Ok(()) => {
            runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
            Ok(())
        }
        Err(_) => {
            runtime.shutdown_background();
            Err(Fault::Timeout)
        }
    }
}

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

/// Refuses to wait on a thread of the library, where others would wait for this one.
pub(crate) fn may_wait() -> Result<(), Fault> {
    match Handle::try_current() {
        Ok(_) => Err(Fault::Thread),
        Err(_) => Ok(()),
    }
}

impl Running {
    /// Waits for something on the caller's thread.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> Result<T, Fault> {
        may_wait()?;
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => Err(Fault::Shutdown),
                done = work => Ok(done),
            }
        })
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
        running.runtime.block_on(async {
            tokio::time::timeout(SHUTDOWN_TIMEOUT, running.tasks.wait()).await
        })
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

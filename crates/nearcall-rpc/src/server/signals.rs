//! What tells a process to stop: SIGINT and SIGTERM.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Both signals, from the moment this is made; or neither, where they are not the server's business.
#[derive(Debug)]
pub(crate) struct Signals(Option<Both>);

#[derive(Debug)]
struct Both {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(Some(Both {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })))
    }

    /// None ever comes, and the process ends at one as if there were no server in it.
    pub(crate) const fn ignored() -> Self {
        Self(None)
    }

    /// The name of the next one that comes.
    pub(crate) async fn next(&mut self) -> &'static str {
        let Some(both) = &mut self.0 else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = both.interrupt.recv() => "SIGINT",
            _ = both.terminate.recv() => "SIGTERM",
        }
    }
}

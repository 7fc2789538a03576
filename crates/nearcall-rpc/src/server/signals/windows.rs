//! What the console tells its processes. After the last two of these the system gives a process some five seconds.

use std::io;

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown,
};

/// What these are, for people.
pub(crate) const NAMES: &str = "ctrl-c, ctrl-break and the end of the console";

#[derive(Debug)]
pub(super) struct Sources {
    interrupt: CtrlC,
    terminate: CtrlBreak,
    close: CtrlClose,
    shutdown: CtrlShutdown,
}

impl Sources {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: ctrl_c()?,
            terminate: ctrl_break()?,
            close: ctrl_close()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "ctrl-c",
            _ = self.terminate.recv() => "ctrl-break",
            _ = self.close.recv() => "the closing of the console",
            _ = self.shutdown.recv() => "the shutdown of the system",
        }
    }
}

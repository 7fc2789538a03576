//! What the console tells its processes.

use anyhow::Context as _;
use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown,
};

/// Ctrl-c, ctrl-break, the closing of the console and the shutdown of the system: each asks for an end. After the last two
/// the system gives a process some five seconds.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: CtrlC,
    terminate: CtrlBreak,
    close: CtrlClose,
    shutdown: CtrlShutdown,
}

impl Signals {
    /// Takes them in from now on.
    ///
    /// # Errors
    /// When the operating system does not let them be waited for.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let told = "cannot wait for what the console tells";
        Ok(Self {
            interrupt: ctrl_c().context(told)?,
            terminate: ctrl_break().context(told)?,
            close: ctrl_close().context(told)?,
            shutdown: ctrl_shutdown().context(told)?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.close.recv() => {}
            _ = self.shutdown.recv() => {}
        }
    }
}

//! Servers built for Windows, run by Wine, each at a named pipe.

use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::check::Session;
use crate::program::{Program, end_family};
use crate::windows::Kit;

/// Limit: how long a server may take until it says that it serves; Wine itself may have to start first.
const START_LIMIT: Duration = Duration::from_secs(120);

/// How long to wait between two looks at what a server has said.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// What a server says once it can be connected to.
const SERVING: &str = "serving";

/// A running server, killed when dropped.
#[derive(Debug)]
pub(super) struct WineServer {
    child: Child,
    program: Program,
    pub(super) address: String,
}

impl WineServer {
    /// Starts a program of Windows at `pipe:<name>.<our pid>`, and waits until it serves.
    pub(super) fn start(
        session: &Session<'_>,
        kit: &Kit,
        server: &Path,
        name: &str,
    ) -> anyhow::Result<Self> {
        let address = format!("pipe:{name}.{}", std::process::id());
        let program = session.program(&kit.wine)?.arg(server).arg(&address);
        let mut program = kit.set(program);
        let child = program.start()?;
        let mut server = Self {
            child,
            program,
            address,
        };
        let bound = Instant::now() + START_LIMIT;
        while !server.written().contains(SERVING) {
            let ended = server
                .child
                .try_wait()
                .context("asking for the server")?
                .is_some();
            if ended || Instant::now() > bound {
                bail!(
                    "no server at {}; it wrote:{}",
                    server.address,
                    server.written()
                );
            }
            thread::sleep(LOOK_INTERVAL);
        }
        Ok(server)
    }

    /// What the server has written so far.
    pub(super) fn written(&self) -> String {
        self.program.written()
    }
}

impl Drop for WineServer {
    fn drop(&mut self) {
        end_family(self.child.id());
        // Already gone is as good as ended now.
        self.child.wait().ok();
    }
}

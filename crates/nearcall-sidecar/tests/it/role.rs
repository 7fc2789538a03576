//! Processes that serve, read or pry, each this test binary in a role.
//!
//! What they find out they say in lines that begin with [`SAYS`]; they end when their input does.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use tokio::sync::mpsc;

use super::served::LONG;
use super::{memory, namespaces, other_user, sealed};

const ROLE: &str = "NEARCALL_SIDECAR_TEST_PART";
const ARGUMENT: &str = "NEARCALL_SIDECAR_TEST_ARGUMENT";
const SAYS: &str = "says: ";

/// The role that this process has; without one there is nothing to do.
#[test]
fn play() {
    let argument = std::env::var(ARGUMENT).unwrap_or_default();
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    match std::env::var(ROLE).as_deref() {
        Err(_) => {}
        Ok("namespaces-server") => runtime().block_on(namespaces::serve(argument)),
        Ok("namespaces-reader") => runtime().block_on(namespaces::read(argument)),
        Ok("stranger") => runtime().block_on(other_user::read(argument)),
        Ok("server") => runtime().block_on(sealed::serve(argument, false)),
        Ok("sealed-server") => runtime().block_on(sealed::serve(argument, true)),
        Ok("pry") => sealed::pry(&argument),
        Ok("starved") => runtime().block_on(memory::starve()),
        Ok("peer") => runtime().block_on(sealed::read(argument)),
        Ok(other) => panic!("no role is named {other}"),
    }
}

/// The program of every role.
pub(crate) fn program() -> std::path::PathBuf {
    std::env::current_exe().unwrap()
}

/// Tells the test that started this process.
pub(crate) fn say(what: &str) {
    println!("{SAYS}{what}");
}

/// Waits until the test that started this process is over.
pub(crate) fn wait_for_the_end() {
    let _ = std::io::stdin().read(&mut [0]);
}

/// A process in a role. It is killed when this is dropped.
pub(crate) struct Player {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Player {
    /// Starts a command that ends in [`program`].
    pub(crate) fn start(mut command: Command, role: &str, argument: &str) -> Self {
        command
            .args(["--exact", "role::play", "--nocapture"])
            .env(ROLE, role)
            .env(ARGUMENT, argument)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = child.stdout.take().unwrap();
        let (said, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some((_, what)) = line.split_once(SAYS) {
                    let _ = said.send(what.to_owned());
                }
            }
        });
        Self { child, lines }
    }

    /// What it says next.
    pub(crate) async fn says(&mut self) -> String {
        let line = tokio::time::timeout(LONG, self.lines.recv()).await;
        let line = line.expect("it says something in time");
        line.unwrap_or_else(|| panic!("it ended: {:?}", self.child.wait()))
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

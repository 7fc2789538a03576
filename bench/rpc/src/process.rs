//! The two processes of a run, and what the kernel says they cost.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;
use serde::Deserialize;

use crate::build::Built;
use crate::condition::{Condition, End};
use crate::systems::Place;

/// Limit: how long a peer may take to say its next line, beyond what it was told to take.
const LINE_WAIT: Duration = Duration::from_secs(20);

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) said: Said,
    /// CPU time of both processes, during the lap that counts.
    pub(crate) cpu: Duration,
}

/// What a client prints.
#[derive(Debug, Deserialize)]
pub(crate) struct Said {
    pub(crate) calls: u64,
    pub(crate) seconds: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// A server process, ended when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    address: String,
}

impl Server {
    /// Starts it; `folder` is for its socket.
    pub(crate) fn start(
        built: &Built,
        condition: Condition,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let address = match built.system.place {
            Place::UnixSocket => {
                let socket = folder.join(format!("{}.{}", built.system.name, condition.name()));
                let _ = std::fs::remove_file(&socket);
                socket.to_string_lossy().into_owned()
            }
            Place::Port => "127.0.0.1:0".to_owned(),
        };
        let mut command = Command::new(&built.program);
        command.args(["server", &address, "--variant", built.system.variant]);
        let process = condition.placed(End::Server, || Process::start(&mut command))?;
        let line = process.line(Duration::ZERO)?;
        let address = line.strip_prefix("listening ");
        let address = address.with_context(|| format!("expected `listening …`, got `{line}`"))?;
        Ok(Self {
            address: address.to_owned(),
            process,
        })
    }

    /// Runs one client to its end.
    pub(crate) fn call(
        &self,
        built: &Built,
        condition: Condition,
        (payload, in_flight): (usize, usize),
        time: Duration,
    ) -> anyhow::Result<Run> {
        let mut command = Command::new(&built.program);
        command
            .args(["client", &self.address, "--variant", built.system.variant])
            .args(["--payload", &payload.to_string()])
            .args(["--in-flight", &in_flight.to_string()])
            .args(["--seconds", &time.as_secs_f64().to_string()]);
        let mut client = condition.placed(End::Client, || Process::start(&mut command))?;
        client.expect("ready", time)?;
        let before = self.process.cpu()? + client.cpu()?;
        client.go_on()?;
        client.expect("done", time)?;
        let after = self.process.cpu()? + client.cpu()?;
        client.go_on()?;
        let line = client.line(Duration::ZERO)?;
        let said = serde_json::from_str(&line).with_context(|| format!("got `{line}`"))?;
        Ok(Run {
            said,
            cpu: after.saturating_sub(before),
        })
    }
}

/// A peer's process with its two ends, ended when dropped.
#[derive(Debug)]
struct Process {
    child: Child,
    lines: Receiver<String>,
    cpu: ClockId,
}

impl Process {
    fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{command:?} does not start"))?;
        let cpu = clock_getcpuclockid(Pid::from_raw(child.id().try_into()?))?;
        let output = child.stdout.take().context("its output was piped")?;
        let (send, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, lines, cpu })
    }

    /// The next line, within the limit.
    fn line(&self, time: Duration) -> anyhow::Result<String> {
        // The warm-up is a part of the time.
        self.lines
            .recv_timeout(LINE_WAIT + time * 2)
            .context("the peer ended, or said nothing for too long")
    }

    fn expect(&self, word: &str, time: Duration) -> anyhow::Result<()> {
        let line = self.line(time)?;
        ensure!(line == word, "expected `{word}`, got `{line}`");
        Ok(())
    }

    fn go_on(&mut self) -> anyhow::Result<()> {
        let input = self.child.stdin.as_mut().context("its input was piped")?;
        Ok(writeln!(input)?)
    }

    /// Time that all of its threads ran, those that ended too, in nanoseconds of the scheduler.
    fn cpu(&self) -> anyhow::Result<Duration> {
        Ok(self.cpu.now()?.into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

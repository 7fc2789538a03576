//! A peer's process: what it says, what it is told, and what the kernel says it costs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

/// Limit: how long a peer may take to say its next line, beyond what it was told to take.
const LINE_WAIT: Duration = Duration::from_secs(20);

/// Limit: how long a peer that has said all may take to end, and how often that is looked for.
const END_WAIT: Duration = Duration::from_secs(10);
const END_LOOK: Duration = Duration::from_millis(1);

/// A peer's process, ended when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    cpu: ClockId,
}

impl Process {
    /// Starts it, with its input and output for the driver.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
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

    /// The next line, within the limit; `time` is how long it was told to take.
    ///
    /// # Errors
    ///
    /// None came.
    pub fn line(&self, time: Duration) -> anyhow::Result<String> {
        // The warm-up is a part of the time.
        self.lines
            .recv_timeout(LINE_WAIT + time * 2)
            .context("the peer ended, or said nothing for too long")
    }

    /// Waits for that line.
    ///
    /// # Errors
    ///
    /// Another came, or none.
    pub fn expect(&self, word: &str, time: Duration) -> anyhow::Result<()> {
        let line = self.line(time)?;
        ensure!(line == word, "expected `{word}`, got `{line}`");
        Ok(())
    }

    /// Sends a line: the peer goes on.
    ///
    /// # Errors
    ///
    /// It is gone.
    pub fn go_on(&mut self) -> anyhow::Result<()> {
        let input = self.child.stdin.as_mut().context("its input was piped")?;
        Ok(writeln!(input)?)
    }

    /// Waits until it ends by itself, so that what it has made in the system is gone too.
    ///
    /// # Errors
    ///
    /// It does not, or it failed.
    pub fn finish(mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let until = Instant::now() + END_WAIT;
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the peer ended with {status}");
                return Ok(());
            }
            ensure!(Instant::now() < until, "the peer does not end");
            thread::sleep(END_LOOK);
        }
    }

    /// Time that all of its threads ran, those that ended too, in nanoseconds of the scheduler.
    ///
    /// # Errors
    ///
    /// The system does not say.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        Ok(self.cpu.now()?.into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

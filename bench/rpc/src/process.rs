//! The two processes of a run, and what the kernel says they cost.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use driver::{Condition, End, Process};
use serde::Deserialize;

use crate::build::Built;
use crate::systems::Place;

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
        let mut command = Command::new(&built.program.path);
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
        let mut command = Command::new(&built.program.path);
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

//! What authority healing costs: a unary echo over a Unix socket, with the filter off, stepping aside, and following.
//!
//! Client and server are processes of their own, one thread each. Rounds go through the conditions in turn, each
//! beginning with another one; a ratio is taken within its round, so that what slows the machine slows both.
//! Writes `target/bench/healing.json` and its section of `docs/benchmarks.md`. `--smoke` shows that it runs, not how fast.

#![cfg(unix)]

mod client;
mod server;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::Context as _;

use table::{Figure, Table};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// No filter; the client's authority is clean, since the server takes no other.
    Off,
    /// The filter, and a client whose authority is clean.
    Aside,
    /// The filter, and a client whose authority is healed: the connection is followed to its end.
    Healed,
}

impl Condition {
    const ALL: [Self; 3] = [Self::Off, Self::Aside, Self::Healed];

    const fn name(self) -> &'static str {
        match self {
            Self::Off => "healing off",
            Self::Aside => "healing on, clean client",
            Self::Healed => "healing on, healed client",
        }
    }
}

/// How long a benchmark takes.
struct Plan {
    rounds: usize,
    each: Duration,
    /// Connections made for one figure of connecting.
    connections: u32,
    /// Whether it is only to show that it runs: nothing is written then.
    smoke: bool,
}

const FULL: Plan = Plan {
    rounds: 21,
    each: Duration::from_millis(120),
    connections: 200,
    smoke: false,
};
const SMOKE: Plan = Plan {
    rounds: 1,
    each: Duration::from_millis(10),
    connections: 5,
    smoke: true,
};

/// Bytes each way, and calls under way at once.
const LOADS: [(usize, usize); 5] = [(16, 1), (16, 32), (1024, 1), (65_536, 1), (65_536, 8)];

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args = std::env::args().skip(1).collect::<Vec<_>>();
    match &args[..] {
        [serve, socket, filter] if serve == "serve" => {
            server::serve(Path::new(socket), filter == "on").await
        }
        [] => measure(&FULL).await,
        [smoke] if smoke == "--smoke" => measure(&SMOKE).await,
        _ => anyhow::bail!("expected nothing or --smoke, got {args:?}"),
    }
}

async fn measure(plan: &Plan) -> anyhow::Result<()> {
    let busy = report::busy();
    let folder = std::env::temp_dir().join(format!("nearcall-healing-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mut servers = Vec::new();
    for (number, condition) in Condition::ALL.into_iter().enumerate() {
        servers.push((
            condition,
            Server::start(folder.join(format!("{number}.sock")), condition).await?,
        ));
    }

    let off = &servers.first().context("no server")?.1.socket;
    let unhealed = client::connections(off, Condition::Healed, 1).await;
    anyhow::ensure!(
        unhealed.is_err(),
        "the server takes the authority as it is: healing it measures nothing"
    );

    let mut table = Table::default();
    for round in 0..plan.rounds {
        for (payload, in_flight) in LOADS {
            for turn in 0..servers.len() {
                let (condition, server) = &servers[(round + turn) % servers.len()];
                let mut record = |metric, value| {
                    table.record(
                        Figure {
                            condition: condition.name(),
                            payload,
                            in_flight,
                            metric,
                            unit: "us",
                        },
                        value,
                    );
                };
                let cpu = server.cpu()?;
                let run = client::calls(&server.socket, *condition, payload, in_flight, plan.each)
                    .await?;
                let cpu = server.cpu()?.saturating_sub(cpu);
                let calls = run.calls as f64;
                record("call, wall", run.elapsed.as_secs_f64() * 1e6 / calls);
                record("call, server CPU", cpu.as_secs_f64() * 1e6 / calls);
            }
        }
        for turn in 0..servers.len() {
            let (condition, server) = &servers[(round + turn) % servers.len()];
            let mut record = |metric, value| {
                table.record(
                    Figure {
                        condition: condition.name(),
                        payload: 16,
                        in_flight: 1,
                        metric,
                        unit: "us",
                    },
                    value,
                );
            };
            let cpu = server.cpu()?;
            let elapsed = client::connections(&server.socket, *condition, plan.connections).await?;
            let cpu = server.cpu()?.saturating_sub(cpu);
            record(
                "connect and first call, wall",
                elapsed.as_secs_f64() * 1e6 / f64::from(plan.connections),
            );
            record(
                "connect and first call, server CPU",
                cpu.as_secs_f64() * 1e6 / f64::from(plan.connections),
            );
        }
    }
    drop(servers);
    std::fs::remove_dir_all(&folder)?;

    println!("{}", table.text(Condition::Off.name()));
    if plan.smoke {
        return Ok(());
    }
    report::write_json("healing", &table.json("hyper over a Unix socket")?)?;
    let section = format!(
        "Measured on {}, {busy}; {} rounds of {} ms each. Medians; in brackets the ratio to `{}`, taken within each round.\n\n{}",
        report::machine(),
        plan.rounds,
        plan.each.as_millis(),
        Condition::Off.name(),
        table.markdown(&Condition::ALL.map(Condition::name)),
    );
    report::write_page("healing", &section)
}

/// A server process, ended when dropped.
struct Server {
    socket: PathBuf,
    process: Child,
}

impl Server {
    async fn start(socket: PathBuf, condition: Condition) -> anyhow::Result<Self> {
        let filter = if condition == Condition::Off {
            "off"
        } else {
            "on"
        };
        let process = Command::new(std::env::current_exe()?)
            .arg("serve")
            .arg(&socket)
            .arg(filter)
            .spawn()?;
        let server = Self { socket, process };
        tokio::time::timeout(Duration::from_secs(10), async {
            while tokio::net::UnixStream::connect(&server.socket)
                .await
                .is_err()
            {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await
        .context("the server never listened")?;
        Ok(server)
    }

    /// Time that the server's one thread ran, from the kernel's scheduler; zero where there is no `/proc`.
    fn cpu(&self) -> anyhow::Result<Duration> {
        let path = format!("/proc/{}/schedstat", self.process.id());
        let Ok(text) = std::fs::read_to_string(path) else {
            return Ok(Duration::ZERO);
        };
        let nanos = text
            .split(' ')
            .next()
            .context("schedstat is empty")?
            .parse()?;
        Ok(Duration::from_nanos(nanos))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

//! Rounds: in each, every system in turn under every load, beginning with another one each time.

use anyhow::Context as _;
use driver::{Awake, Condition};
use report::{Figure, Figures};

use crate::args::Plan;
use crate::build::Built;
use crate::process::Server;

/// What `report::Figure::count` counts.
pub(crate) const IN_FLIGHT: &str = "in_flight";

pub(crate) const P50: &str = "p50";
pub(crate) const P99: &str = "p99";
pub(crate) const RATE: &str = "calls per second";
pub(crate) const CPU: &str = "CPU per call";

pub(crate) fn measure(plan: &Plan, peers: &[Built]) -> anyhow::Result<Figures> {
    let folder = std::env::temp_dir().join(format!("nearcall-rpc-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mut figures = Figures::default();
    let mut done = Ok(());
    for condition in &plan.conditions {
        // Held while the condition is measured.
        let awake = (*condition == Condition::Split).then(Awake::hold);
        if let Some(None) = awake {
            println!("idle cores may sleep in `split`: /dev/cpu_dma_latency cannot be opened");
        }
        done = (0..plan.rounds).try_for_each(|number| {
            println!(
                "{}, round {} of {}",
                condition.name(),
                number + 1,
                plan.rounds
            );
            round(plan, peers, *condition, number, &folder, &mut figures)
        });
        if done.is_err() {
            break;
        }
    }
    std::fs::remove_dir_all(&folder)?;
    done.map(|()| figures)
}

/// One round, with servers of its own.
fn round(
    plan: &Plan,
    peers: &[Built],
    condition: Condition,
    number: usize,
    folder: &std::path::Path,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let mut servers = Vec::new();
    for built in peers {
        let server = Server::start(built, condition, folder)
            .with_context(|| format!("the server of {}", built.system.name))?;
        servers.push((built, server));
    }
    for payload in plan.payloads {
        for in_flight in plan.in_flight {
            for turn in 0..servers.len() {
                let (built, server) = &servers[(number + turn) % servers.len()];
                let load = (*payload, *in_flight);
                if !plan.loads(built.system).contains(&load) {
                    continue;
                }
                let run = server
                    .call(built, condition, load, plan.each)
                    .with_context(|| {
                        format!(
                            "{}, {}, {payload} bytes, {in_flight} in flight",
                            built.system.name,
                            condition.name()
                        )
                    })?;
                let calls = run.said.calls as f64;
                let mut record = |metric, unit, value| {
                    figures.record(
                        Figure {
                            system: built.system.name,
                            condition: condition.name(),
                            payload: *payload,
                            count: (IN_FLIGHT, *in_flight),
                            metric,
                            unit,
                        },
                        value,
                    );
                };
                if *in_flight == 1 {
                    record(P50, "us", run.said.p50_us);
                    record(P99, "us", run.said.p99_us);
                }
                record(RATE, "1/s", calls / run.said.seconds);
                record(CPU, "us", run.cpu.as_secs_f64() * 1e6 / calls);
            }
        }
    }
    Ok(())
}

/// How many figures a plan comes to.
pub(crate) fn expected(plan: &Plan, peers: &[Built]) -> usize {
    let loads = peers.iter().flat_map(|built| plan.loads(built.system));
    let metrics = loads.map(|(_, in_flight)| if in_flight == 1 { 4 } else { 2 });
    metrics.sum::<usize>() * plan.conditions.len()
}

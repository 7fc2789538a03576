//! `nearcall ps`: every server of a world, supervised or not, and every supervised service, registered or not.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anstyle::AnsiColor;
use clap::Args;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::bridge;
use crate::config::SUPERVISOR_NAME;
use crate::control;
use crate::names::{ServiceName, World};
use crate::output::{self, note, paint};
use crate::probe;
use crate::registered::{self, Listed};
use crate::supervise::{Health, State, Status};
use crate::world::world;

/// Show what runs: name, health, address, process, since when.
#[derive(Debug, Args)]
#[command(after_help = "\
STATE is SERVING or NOT_SERVING by gRPC health, UNREACHABLE for a process that does not answer, DEAD for what a crash \
left behind, or what the supervisor is doing: WAITING, STARTING, BACKOFF, STOPPING, STOPPED, FAILED.

Examples:
  nearcall ps
  nearcall ps --all-worlds
  nearcall ps --json | jq -r '.[] | select(.name == \"arith\") | .address'")]
pub(crate) struct PsArgs {
    /// Every world of this user, not only the one at hand
    #[arg(long)]
    all_worlds: bool,

    /// A JSON array of objects: name, world, state, address, pid, started, restarts, wires, bridge
    #[arg(long)]
    json: bool,
}

/// One line of the table. What is not known is null in JSON and `-` in the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    name: String,
    world: String,
    state: &'static str,
    address: Option<String>,
    pid: Option<u32>,
    started: Option<String>,
    restarts: Option<u32>,
    wires: Vec<String>,
    /// Where a bridge to it is.
    bridge: Option<String>,
}

pub(crate) async fn run(args: PsArgs) -> anyhow::Result<ExitCode> {
    let worlds = if args.all_worlds {
        registered::worlds()
    } else {
        vec![world()?]
    };
    let mut rows = Vec::new();
    for world in &worlds {
        rows.extend(rows_of(world).await?);
    }
    if args.json {
        output::json(&rows)?;
    } else if rows.is_empty() {
        let worlds: Vec<_> = worlds.iter().map(World::as_str).collect();
        match worlds.as_slice() {
            [world] => note(format_args!("nothing runs in world {world}")),
            _ => note("nothing runs in any world"),
        }
    } else {
        output::print_table(&table(&rows, args.all_worlds))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the table of a world, as `up` does once everything serves.
pub(crate) async fn print(world: &World) -> anyhow::Result<()> {
    output::print_table(&table(&rows_of(world).await?, false))?;
    Ok(())
}

/// Everything of one world, by name. The supervisor itself is not listed.
async fn rows_of(world: &World) -> anyhow::Result<Vec<Row>> {
    let mut servers = registered::servers(world).await?;
    let supervisor = servers
        .iter()
        .any(|server| server.alive && server.name.as_str() == SUPERVISOR_NAME);
    servers.retain(|server| server.name.as_str() != SUPERVISOR_NAME);
    // A supervisor that does not answer is no reason to show nothing.
    let statuses = if supervisor {
        control::statuses(world).await.unwrap_or_default()
    } else {
        Vec::new()
    };
    let unregistered: Vec<_> = statuses
        .iter()
        .filter(|status| !servers.iter().any(|server| server.name == status.name))
        .map(|status| row_of_status(world, status))
        .collect();
    let mut asked = JoinSet::new();
    for server in servers {
        let status = statuses
            .iter()
            .find(|status| status.name == server.name)
            .cloned();
        let world = world.clone();
        asked.spawn(async move { row_of_server(&world, server, status.as_ref()).await });
    }
    let mut rows = asked.join_all().await;
    rows.extend(unregistered);
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(rows)
}

async fn row_of_server(world: &World, server: Listed, status: Option<&Status>) -> Row {
    let supervised = status.map(|status| status.state).filter(|state| {
        // What the supervisor is about to do says more than the health of a process that is on its way.
        !matches!(state, State::Starting | State::Serving | State::NotServing)
    });
    let state = match supervised {
        Some(state) => word(state),
        None if !server.alive => "DEAD",
        None => match probe::ask(&server.address, "").await {
            Ok(Health::Serving) => "SERVING",
            Ok(_) => "NOT_SERVING",
            Err(_) => "UNREACHABLE",
        },
    };
    Row {
        bridge: bridge::running(world, &server.name).map(|bridge| bridge.address),
        name: server.name.to_string(),
        world: world.to_string(),
        state,
        address: Some(server.address),
        pid: server.pid,
        started: server.started,
        restarts: status.map(|status| status.restarts),
        wires: server.wires,
    }
}

fn row_of_status(world: &World, status: &Status) -> Row {
    Row {
        name: status.name.to_string(),
        world: world.to_string(),
        state: word(status.state),
        address: None,
        pid: status.pid,
        started: status
            .started
            .map(|at| humantime::format_rfc3339_seconds(at).to_string()),
        restarts: Some(status.restarts),
        wires: Vec::new(),
        bridge: None,
    }
}

/// A state as it is shown.
pub(crate) const fn word(state: State) -> &'static str {
    match state {
        State::Waiting => "WAITING",
        State::Starting => "STARTING",
        State::Serving => "SERVING",
        State::NotServing => "NOT_SERVING",
        State::Backoff => "BACKOFF",
        State::Failed => "FAILED",
        State::Stopping => "STOPPING",
        State::Stopped => "STOPPED",
    }
}

/// A state in its colour.
pub(crate) fn painted(state: &str) -> String {
    let color = match state {
        "SERVING" => AnsiColor::Green,
        "FAILED" | "NOT_SERVING" | "UNREACHABLE" | "DEAD" => AnsiColor::Red,
        "STOPPED" => AnsiColor::BrightBlack,
        _ => AnsiColor::Yellow,
    };
    paint(color, state)
}

fn table(rows: &[Row], all_worlds: bool) -> comfy_table::Table {
    let columns = [
        "name", "state", "address", "pid", "uptime", "restarts", "wires",
    ];
    let mut table = output::table(all_worlds.then_some("world").into_iter().chain(columns));
    for row in rows {
        let shown = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let started = row
            .started
            .as_deref()
            .and_then(|at| humantime::parse_rfc3339(at).ok());
        let mut cells = vec![
            row.name.clone().into(),
            state_cell(row.state),
            shown(row.address.clone()).into(),
            shown(row.pid.map(|pid| pid.to_string())).into(),
            shown(started.map(uptime)).into(),
            shown(row.restarts.map(|restarts| restarts.to_string())).into(),
            shown(Some(wires(row)).filter(|wires| !wires.is_empty())).into(),
        ];
        if all_worlds {
            cells.insert(0, row.world.clone().into());
        }
        table.add_row(cells);
    }
    table
}

/// What it speaks, and where a bridge to it is.
fn wires(row: &Row) -> String {
    let bridge = row.bridge.as_ref().map(|at| format!("bridge {at}"));
    let wires = row.wires.iter().cloned().chain(bridge);
    wires.collect::<Vec<_>>().join(",")
}

fn state_cell(state: &'static str) -> comfy_table::Cell {
    let color = match state {
        "SERVING" => comfy_table::Color::Green,
        "FAILED" | "NOT_SERVING" | "UNREACHABLE" | "DEAD" => comfy_table::Color::Red,
        "STOPPED" => comfy_table::Color::DarkGrey,
        _ => comfy_table::Color::Yellow,
    };
    comfy_table::Cell::new(state).fg(color)
}

/// How long ago, by its two largest units, as `3h 12m`.
fn uptime(started: SystemTime) -> String {
    // A clock that was set back makes it nothing.
    let elapsed = started.elapsed().unwrap_or(Duration::ZERO);
    let text = humantime::format_duration(Duration::from_secs(elapsed.as_secs())).to_string();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// The names that a world's supervisor has under it, for messages.
pub(crate) fn listed(names: &[ServiceName]) -> String {
    names
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_has_two_units() {
        let check = |seconds, expected| {
            assert_eq!(
                uptime(SystemTime::now() - Duration::from_secs(seconds)),
                expected
            );
        };
        check(0, "0s");
        check(59, "59s");
        check(3_600 * 3 + 60 * 12 + 5, "3h 12m");
        assert_eq!(uptime(SystemTime::now() + Duration::from_secs(60)), "0s");
    }
}

//! `nearcall down`: stop what `up` started, and leave nothing behind.

use std::process::ExitCode;

use clap::Args;

use crate::control;
use crate::names::ServiceName;
use crate::output::{self, note};
use crate::ps;
use crate::registered;
use crate::world::world;

/// Stop services, those that need them first, and clear away what is left.
#[derive(Debug, Args)]
#[command(after_help = "\
Each service gets SIGTERM (ctrl-break on Windows) and its stop_timeout, then SIGKILL (the end of its job); which one had \
to be killed is said. When nothing runs, \
this says so and is done. Files that a crash left behind are cleared as well.

Examples:
  nearcall down                    everything of this world, and the supervisor
  nearcall down arith              one service, and those that come after it")]
pub(crate) struct DownArgs {
    /// The services to stop; all of them, and the supervisor, when none is named
    #[arg(value_name = "SERVICE")]
    services: Vec<ServiceName>,
}

pub(crate) async fn run(args: DownArgs) -> anyhow::Result<ExitCode> {
    let world = world()?;
    let stopped = match control::connect(&world).await? {
        Some(mut supervisor) => {
            match supervisor.stop(&args.services).await {
                Err(_) if control::is_gone(&world).await? => {}
                stopped => stopped?,
            }
            if args.services.is_empty() {
                supervisor.gone().await?;
            }
            true
        }
        None => false,
    };
    let swept = registered::sweep(&world).await;
    if !swept.is_empty() {
        note(format!(
            "cleared what a crash left of: {}",
            ps::listed(&swept)
        ));
    }
    let left = registered::servers(&world).await?;
    if !stopped {
        let others: Vec<_> = left
            .iter()
            .filter(|server| server.alive)
            .map(|server| server.name.clone())
            .collect();
        output::line(format_args!(
            "no supervisor runs in world {world}; there is nothing to stop"
        ))?;
        if !others.is_empty() {
            note(format!(
                "not started by `nearcall up`, so left alone: {}",
                ps::listed(&others)
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

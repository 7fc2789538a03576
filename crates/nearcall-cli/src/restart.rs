//! `nearcall restart`: stop services and start them again, without the others.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use crate::control;
use crate::names::ServiceName;
use crate::output;
use crate::world::world;

/// Stop services and start them again; one that was stopped or given up is just started.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is built; the services that need these go on and reconnect by themselves.

Examples:
  cargo build --release -p arith && nearcall restart arith")]
pub(crate) struct RestartArgs {
    /// The services to start again
    #[arg(value_name = "SERVICE", required = true)]
    services: Vec<ServiceName>,
}

pub(crate) async fn run(args: RestartArgs) -> anyhow::Result<ExitCode> {
    let world = world()?;
    let Some(mut supervisor) = control::connect(&world).await? else {
        return Err(output::failure(
            format!("no supervisor runs in world {world}"),
            "start the services with `nearcall up`",
        ));
    };
    for name in &args.services {
        let pid = supervisor
            .restart(name)
            .await
            .with_context(|| format!("cannot start {name} again"))?;
        output::line(format_args!("{name} serves again, pid {pid}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

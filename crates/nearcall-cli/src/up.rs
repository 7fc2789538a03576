//! `nearcall up`: build, start, watch, and stop at the end.

mod detached;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use crate::building;
use crate::config::{Config, ConfigError};
use crate::control;
use crate::imp::Signals;
use crate::names::{ServiceName, World};
use crate::output::{self, note};
use crate::ps;
use crate::session::{Session, Show};
use crate::supervise::{Plan, State};
use crate::world;

/// Build the services of nearcall.toml, start them, and keep them running.
#[derive(Debug, Args)]
#[command(after_help = "\
Services start once those they come after say SERVING by gRPC health. One that ends is started again after a pause \
that grows; one that ends 5 times within a minute is given up. Ctrl-C stops all in reverse order: SIGTERM (ctrl-break on \
Windows), the service's stop_timeout, then SIGKILL (the end of its job); Ctrl-C again kills at once.

Examples:
  nearcall up                      everything, in this terminal, until Ctrl-C
  nearcall up -d                   everything, in the background; back when all serve
  nearcall up arith --no-build     one service and what it comes after, as built before")]
pub(crate) struct UpArgs {
    /// The services to start, with those they come after; all when none is named
    #[arg(value_name = "SERVICE")]
    services: Vec<ServiceName>,

    /// Go on in the background, and return once every service serves
    #[arg(short, long)]
    detach: bool,

    /// The file to read instead of the nearest nearcall.toml, going upward from here
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Start what is built already
    #[arg(long)]
    no_build: bool,

    /// This is the process in the background
    #[arg(long, hide = true)]
    in_background: bool,
}

pub(crate) async fn run(args: UpArgs) -> anyhow::Result<ExitCode> {
    let config = load(&args)?;
    let world = world::of(config.world.clone())?;
    let plan = select(&config, &args.services)?;
    if !args.in_background {
        note(format!("using {} in world {world}", config.path.display()));
        control::refuse_second(&world).await?;
    }
    if !args.no_build {
        let mut signals = Signals::new()?;
        tokio::select! {
            built = building::build(&plan) => built?,
            () = signals.next() => return Err(anyhow::Error::msg("interrupted while building")),
        }
    }
    if args.detach {
        return detached::start(&config.path, &world, &plan, &args.services).await;
    }
    supervise(&plan, &world, args.in_background).await
}

fn load(args: &UpArgs) -> anyhow::Result<Config> {
    Config::load(args.file.as_deref()).map_err(|error| {
        let advice = match &error {
            ConfigError::NotFound(_) => {
                "`nearcall new NAME` makes a project with one; --file names one elsewhere"
            }
            _ => "correct the file; `nearcall up --help` and the README show its form",
        };
        anyhow::Error::new(error).context(output::advised("there is nothing to bring up", advice))
    })
}

fn select(config: &Config, services: &[ServiceName]) -> anyhow::Result<Plan> {
    let known: Vec<_> = config
        .plan
        .specs()
        .iter()
        .map(|spec| spec.name.to_string())
        .collect();
    if known.is_empty() {
        return Err(output::failure(
            format!("{} names no service", config.path.display()),
            "add one: [services.NAME] with run = [\"program\"]",
        ));
    }
    config.plan.only(services).map_err(|name| {
        output::failure(
            format!("{name} is not a service of {}", config.path.display()),
            format!("there are: {}", known.join(", ")),
        )
    })
}

/// Runs the plan until its end.
async fn supervise(plan: &Plan, world: &World, in_background: bool) -> anyhow::Result<ExitCode> {
    let show = if in_background {
        Show::Nothing
    } else {
        Show::Terminal
    };
    let mut signals = Signals::new()?;
    let session = Session::start(plan, world, show).await?;
    let started = tokio::select! {
        started = session.all_serving() => started.map(|()| true),
        () = signals.next() => Ok(false),
        () = session.asked_to_end() => Ok(false),
    };
    if let Ok(true) = started {
        if !in_background {
            ps::print(world)
                .await
                .context("cannot list what was started")?;
            note("every service serves; Ctrl-C stops them");
        }
        tokio::select! {
            () = signals.next() => {}
            () = session.ended() => {}
        }
    }
    if !in_background {
        note("stopping");
    }
    let statuses = session.stop(&mut signals).await;
    started?;
    let failed = statuses.iter().any(|status| status.state == State::Failed);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

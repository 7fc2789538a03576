//! `nearcall demo`: the services of this repository, started as processes of their own, called, and stopped.
//!
//! Nothing is served inside the command: what is shown goes from one process to another.

mod arith;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod assets;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod framed;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod killed;
mod lesson;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod picture;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod render;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod unframed;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anstyle::AnsiColor;
use anyhow::Context as _;
use clap::Args;
use nearcall::process;

use crate::building;
use crate::config::{Config, FILE_NAME};
use crate::imp::{Signals, TRANSPORT};
use crate::names::{ServiceName, World};
use crate::output::{self, bold, note, paint};
use crate::registered;
use crate::session::{Session, Show};
use crate::state_folder::StateFolder;
use crate::supervise::{Plan, Status};
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
use framed as frames;
use lesson::Lesson;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use unframed as frames;

/// Start this repository's services in a world of their own, call them, and stop them.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit status: 0 only when every answer was the expected one and nothing was left behind.

Examples:
  cargo run --release -- demo      in a checkout of nearcall")]
pub(crate) struct DemoArgs {
    /// Start what is built already
    #[arg(long)]
    no_build: bool,
    /// Be the reader that is killed: hold a frame of the renderer at this address
    #[arg(long, hide = true, value_name = "ADDRESS")]
    hold_frame: Option<String>,
}

/// Limit: how often it is tried to remove the logs of the demo.
const REMOVE_ATTEMPTS: usize = 50;

/// How long to wait between two tries.
const REMOVE_INTERVAL: Duration = Duration::from_millis(20);

/// What is shown, in order. A lesson names the service that it needs.
fn lessons() -> Vec<Lesson> {
    let framed = frames::lessons();
    std::iter::once(arith::lesson()).chain(framed).collect()
}

pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    if let Some(address) = &args.hold_frame {
        frames::hold(address).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let lessons = lessons();
    let file = checkout()?;
    let folder = file.with_file_name("target").join("demo");
    let config = Config::load(Some(&file)).context("the checkout cannot be used")?;
    let names: Vec<ServiceName> = lessons
        .iter()
        .map(|lesson| lesson.server)
        .chain(frames::SERVERS.iter().copied())
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let plan = config.plan.only(&names).map_err(|name| {
        anyhow::Error::msg(format!("{} has no service {name}", config.path.display()))
    })?;
    let world: World = format!("demo-{}", std::process::id()).parse()?;
    let mut signals = Signals::new()?;
    if !args.no_build {
        tokio::select! {
            built = building::build(&plan) => built?,
            () = signals.next() => return Err(anyhow::Error::msg("interrupted while building")),
        }
    }
    let outcome = show(&lessons, &plan, &world, &folder, &mut signals).await;
    // Whatever happened, the logs of a world that never comes back are of no use once it is told.
    remove_logs(&StateFolder::of(&world)?)
        .await
        .context("cannot remove the logs of the demo")?;
    let good = outcome?;
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Removes logs whose last writers may just be closing them: on Windows a file that is open stays in its folder.
async fn remove_logs(folder: &StateFolder) -> std::io::Result<()> {
    let mut attempts = 1..REMOVE_ATTEMPTS;
    loop {
        match folder.remove() {
            Err(_) if attempts.next().is_some() => tokio::time::sleep(REMOVE_INTERVAL).await,
            outcome => return outcome,
        }
    }
}

/// The checkout's `nearcall.toml`: above the current folder, else where this command was built.
fn checkout() -> anyhow::Result<PathBuf> {
    let is_checkout =
        |folder: &&Path| folder.join("services/arith").is_dir() && folder.join(FILE_NAME).is_file();
    let here = std::env::current_dir().unwrap_or_default();
    let folder = here
        .ancestors()
        .chain(Path::new(env!("CARGO_MANIFEST_DIR")).ancestors())
        .find(is_checkout);
    folder.map(|folder| folder.join(FILE_NAME)).ok_or_else(|| {
        output::failure(
            "there is no checkout of nearcall here, and the demo shows its services",
            "git clone the repository and run `cargo run --release -- demo` in it",
        )
    })
}

/// Starts, calls, stops; answers whether everything was as expected.
async fn show(
    lessons: &[Lesson],
    plan: &Plan,
    world: &World,
    folder: &Path,
    signals: &mut Signals,
) -> anyhow::Result<bool> {
    let session = Session::start(plan, world, Show::Nothing).await?;
    let taught = tokio::select! {
        taught = teach(&session, lessons, world, folder) => taught,
        () = signals.next() => Err(anyhow::Error::msg("interrupted")),
    };
    // Those that are there now: one of them was killed and started anew.
    let processes: Vec<_> = session
        .statuses()
        .into_iter()
        .filter_map(|status: Status| Some((status.name, status.pid?)))
        .collect();
    session.stop(signals).await;
    let good = taught?;

    let mut left: Vec<String> = processes
        .iter()
        .filter(|(_, pid)| process::is_alive(*pid))
        .map(|(name, pid)| format!("process {pid} of {name}"))
        .collect();
    let registry = registered::folder(world);
    if registry.exists() {
        left.push(registry.display().to_string());
    }
    output::line("")?;
    if left.is_empty() {
        output::line(format_args!(
            "stopped; no process and no file of {} is left",
            registry.display()
        ))?;
    } else {
        output::line(format_args!(
            "{} left behind: {}",
            paint(AnsiColor::Red, "WRONG"),
            left.join(", ")
        ))?;
    }
    Ok(good && left.is_empty())
}

async fn teach(
    session: &Session,
    lessons: &[Lesson],
    world: &World,
    folder: &Path,
) -> anyhow::Result<bool> {
    session.all_serving().await?;
    for status in session.statuses() {
        let pid = status.pid.map(|pid| pid.to_string()).unwrap_or_default();
        let address = registered::address(world, &status.name).unwrap_or_default();
        note(format!(
            "{} serves in process {pid} at {address}",
            bold(&status.name)
        ));
    }
    let (mut right, mut wrong) = (0, 0);
    for lesson in lessons {
        let calls = lesson.run(world).await?;
        output::line("")?;
        output::line(format_args!(
            "{} over gRPC on {TRANSPORT}, from process {}",
            bold(lesson.service),
            std::process::id()
        ))?;
        let mut table = output::table(["call", "answer", "time", ""]);
        for call in &calls {
            table.add_row([
                call.call.clone(),
                call.answer.clone(),
                format!("{:.2} ms", call.took.as_secs_f64() * 1e3),
                if call.expected {
                    paint(AnsiColor::Green, "as expected")
                } else {
                    paint(AnsiColor::Red, "WRONG")
                },
            ]);
            if call.expected {
                right += 1;
            } else {
                wrong += 1;
            }
        }
        output::print_table(&table)?;
    }
    output::line("")?;
    output::line(format_args!(
        "{right} of {} answers as expected",
        right + wrong
    ))?;
    output::line(
        "time: one call each, from JSON in to the last answer's JSON out, over a connection that is open",
    )?;
    let shown = frames::show(session, world, folder).await?;
    for (good, what) in &shown {
        if !good {
            output::line(format_args!(
                "{} {what}: no",
                paint(AnsiColor::Red, "WRONG")
            ))?;
        }
    }
    Ok(wrong == 0 && shown.iter().all(|(good, _)| *good))
}

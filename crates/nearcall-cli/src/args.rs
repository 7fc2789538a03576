//! What can be asked on the command line. Each command's own arguments live beside the command.

use std::process::ExitCode;
use std::sync::OnceLock;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};

use crate::{
    bridge, call, completions, demo, describe, dial, doctor, down, frames, list, logs, new, ps,
    restart, up,
};

/// The heading of `--help`, in the colours of cargo's.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Start, see, describe and call the services of this machine.
#[derive(Debug, Parser)]
#[command(
    name = "nearcall",
    bin_name = "nearcall",
    version,
    styles = STYLES,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "\
First minutes:
  nearcall new arena && cd arena   make a project: proto, server, client, test
  nearcall up -d                   build it, start it, wait until it serves
  nearcall ps                      what runs, where, since when
  nearcall down                    stop it all; nothing is left behind

Exit status:
  0  done
  1  something failed; stderr says what, why and what to do
  2  the command line is wrong"
)]
pub(crate) struct Cli {
    /// The world to work in; servers of other worlds are not seen
    #[arg(
        long,
        global = true,
        value_name = "WORLD",
        env = "NEARCALL_WORLD",
        hide_env_values = true
    )]
    pub(crate) world: Option<String>,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands, in the order in which a newcomer meets them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(new::NewArgs),
    Up(up::UpArgs),
    Ps(ps::PsArgs),
    Logs(logs::LogsArgs),
    Restart(restart::RestartArgs),
    Down(down::DownArgs),
    List(list::ListArgs),
    Describe(describe::DescribeArgs),
    Call(call::CallArgs),
    Dial(dial::DialArgs),
    Frames(frames::FramesArgs),
    Bridge(bridge::BridgeArgs),
    Doctor(doctor::DoctorArgs),
    Demo(demo::DemoArgs),
    Completions(completions::CompletionsArgs),
}

static WORLD: OnceLock<Option<String>> = OnceLock::new();

/// Keeps what `--world` said for [`world_asked`]. Called once, by `main`.
pub(crate) fn remember_world(world: Option<String>) {
    // A second call changes nothing: there is one command line.
    let _ = WORLD.set(world);
}

/// What `--world` or `NEARCALL_WORLD` says, when either says anything.
pub(crate) fn world_asked() -> Option<&'static str> {
    WORLD.get().and_then(Option::as_deref)
}

/// Tells what is wrong with the command line, or the help that was asked for.
///
/// The status is clap's, but for `call`, whose low statuses are the codes of gRPC.
pub(crate) fn refuse(error: &clap::Error) -> ExitCode {
    // With stdout and stderr closed there is nobody to tell.
    let _ = error.print();
    match u8::try_from(error.exit_code()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) if is_call(std::env::args().skip(1)) => ExitCode::from(call::USAGE),
        Ok(status) => ExitCode::from(status),
        Err(_) => ExitCode::FAILURE,
    }
}

/// Whether the command is `call`: the first word that is neither `--world` nor its value.
fn is_call(mut words: impl Iterator<Item = String>) -> bool {
    while let Some(word) = words.next() {
        if word == "--world" {
            words.next();
        } else if !word.starts_with("--world=") {
            return word == "call";
        }
    }
    false
}

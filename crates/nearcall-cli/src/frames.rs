//! `nearcall frames`: the frame channels of this machine, listed, looked into, and looked at.

mod find;
mod list;
pub(crate) mod picture;
mod record;
mod save;
mod stat;
mod view;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use nearcall::frames::{Options, Tier};

/// Show frame channels: which there are, who reads them, and the pictures in them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nearcall frames list
  nearcall frames stat render.main
  nearcall frames save render.main --out land.png
  nearcall frames record render.main --count 120 --out film
  nearcall frames view render.main --once")]
pub(crate) struct FramesArgs {
    #[command(subcommand)]
    command: FramesCommand,
}

#[derive(Debug, Subcommand)]
enum FramesCommand {
    List(list::ListArgs),
    Stat(stat::StatArgs),
    Save(save::SaveArgs),
    Record(record::RecordArgs),
    View(view::ViewArgs),
}

/// A channel, and where it is.
#[derive(Debug, Args)]
struct Which {
    /// The channel, such as render.main
    channel: String,
    /// The server that has it: a name or an address; without it every server of the world is asked
    #[arg(long, value_name = "TARGET")]
    at: Option<String>,
}

/// A channel that is looked into, and how its frames come.
#[derive(Debug, Args)]
struct Looked {
    #[command(flatten)]
    which: Which,
    /// The one way by which frames may come, unless the server sends bytes; without it the fastest that there is
    #[arg(long, value_name = "TIER", value_parser = tier)]
    by: Option<Tier>,
}

impl Looked {
    /// How the channel is opened.
    fn options(&self) -> Options {
        match self.by {
            Some(tier) => Options {
                tiers: vec![tier],
                inline_below: 0,
                ..Options::default()
            },
            None => Options::default(),
        }
    }
}

fn tier(text: &str) -> Result<Tier, String> {
    let found = Tier::ALL.into_iter().find(|tier| tier.as_str() == text);
    found.ok_or_else(|| format!("expected {}", Tier::ALL.map(Tier::as_str).join(", ")))
}

pub(crate) async fn run(args: FramesArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        FramesCommand::List(args) => list::run(args).await,
        FramesCommand::Stat(args) => stat::run(args).await,
        FramesCommand::Save(args) => save::run(args).await,
        FramesCommand::Record(args) => record::run(args).await,
        FramesCommand::View(args) => view::run(args).await,
    }
}

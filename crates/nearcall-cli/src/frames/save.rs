//! `nearcall frames save`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::picture::Picture;
use super::{Looked, find};
use crate::output;

/// Save the newest picture of a channel as PNG
#[derive(Debug, Args)]
pub(super) struct SaveArgs {
    #[command(flatten)]
    looked: Looked,
    /// The file to write; CHANNEL.png without it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) async fn run(args: SaveArgs) -> anyhow::Result<ExitCode> {
    let (_stream, frame) = find::newest(&args.looked).await?;
    let picture = Picture::of(&frame)?;
    let name = || PathBuf::from(format!("{}.png", args.looked.which.channel));
    let path = args.out.unwrap_or_else(name);
    std::fs::write(&path, picture.png()?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    output::line(format_args!(
        "{}: frame {}, {} by {}, by way of {}",
        path.display(),
        frame.seq(),
        picture.width,
        picture.height,
        frame.tier()
    ))?;
    Ok(ExitCode::SUCCESS)
}

//! `nearcall frames record`.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use nearcall::frames::{Frame, Options, Policy};
use nearcall::proto::frames::v1 as wire;
use prost_reflect::prost::Message as _;
use wire::frames_client::FramesClient;

use super::picture::Picture;
use super::{Looked, find};
use crate::imp::Signals;
use crate::output;

/// Frames that are recorded where nothing else is said.
const COUNT: u64 = 60;

/// Record frames of a channel: pictures as numbered PNGs, or any frames in one file
#[derive(Debug, Args)]
#[command(after_help = "\
A file of frames has, for each, its length as a varint and a message nearcall.frames.v1.Frame with the bytes inline.
Exit status: 0 where as many came as were asked for, or the channel ended before.")]
pub(super) struct RecordArgs {
    #[command(flatten)]
    looked: Looked,
    /// The folder for PNGs, CHANNEL without it; a name that ends in .frames is a file for all of them
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// How many frames
    #[arg(long, value_name = "FRAMES", default_value_t = COUNT, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
}

/// Where frames go.
#[derive(Debug)]
enum Sink {
    /// A folder of pictures, named by the number that each frame has.
    Folder(PathBuf),
    File(BufWriter<File>),
}

pub(super) async fn run(args: RecordArgs) -> anyhow::Result<ExitCode> {
    let name = &args.looked.which.channel;
    let channel = find::one(&args.looked.which).await?;
    let mut client = FramesClient::new(channel.clone());
    let request = wire::StatsRequest {
        channel: name.clone(),
    };
    let stats = client.stats(request).await?.into_inner();
    let geometry = stats.channel.and_then(|channel| channel.geometry);
    let options = Options {
        // Each in turn, as far behind as the channel keeps them.
        policy: Policy::DropOldest {
            depth: geometry.map_or(0, |geometry| geometry.history) + 1,
        },
        ..args.looked.options()
    };
    let mut stream = options.open(&channel, name).await?;
    let path = args.out.unwrap_or_else(|| PathBuf::from(name));
    let mut sink = Sink::open(&path)?;
    let mut signals = Signals::new()?;
    let (mut recorded, mut lost, mut first, mut last) = (0, 0, None, 0);
    while recorded < args.count {
        let next = tokio::time::timeout(find::FRAME_WAIT, stream.next());
        let next = tokio::select! {
            next = next => next,
            () = signals.next() => break,
        };
        let Ok(next) = next else {
            return Err(output::failure(
                format!(
                    "{name} brought no frame within {:?}; {recorded} are recorded",
                    find::FRAME_WAIT
                ),
                "`nearcall frames stat` shows whether frames are published",
            ));
        };
        let Some(frame) = next? else {
            break;
        };
        // What was lost before the first was before the recording.
        lost += if recorded > 0 { frame.lost() } else { 0 };
        sink.put(&frame)?;
        first.get_or_insert(frame.seq());
        last = frame.seq();
        recorded += 1;
    }
    sink.end(&path)?;
    let path = path.display();
    match first {
        Some(first) => output::line(format_args!(
            "{path}: {recorded} frames, {first} to {last}, {lost} lost"
        ))?,
        None => output::line(format_args!("{path}: no frames"))?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Sink {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot make {}", path.display());
        if path.extension().is_some_and(|ending| ending == "frames") {
            let file = File::create(path).with_context(cannot)?;
            return Ok(Self::File(BufWriter::new(file)));
        }
        std::fs::create_dir_all(path).with_context(cannot)?;
        Ok(Self::Folder(path.to_owned()))
    }

    fn put(&mut self, frame: &Frame) -> anyhow::Result<()> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(format!("{:08}.png", frame.seq()));
                let picture = Picture::of(frame)?;
                std::fs::write(&path, picture.png()?)
                    .with_context(|| format!("cannot write {}", path.display()))
            }
            Self::File(file) => {
                let bytes = message(frame).encode_length_delimited_to_vec();
                file.write_all(&bytes).context("cannot write the frames")
            }
        }
    }

    fn end(self, path: &Path) -> anyhow::Result<()> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::File(mut file) => file
                .flush()
                .with_context(|| format!("cannot write {}", path.display())),
        }
    }
}

/// A frame as a stream would bring it in one piece.
fn message(frame: &Frame) -> wire::Frame {
    let content = wire::bulk::Content::Inline(frame.bytes().to_vec());
    wire::Frame {
        info: Some(frame.message()),
        length: frame.bytes().len() as u64,
        body: Some(wire::Bulk {
            content: Some(content),
        }),
    }
}

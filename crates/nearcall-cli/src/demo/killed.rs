//! A reader that is killed while it looks at a frame: the writer and the other readers go on.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use nearcall::Channel;
use nearcall::frames::{FrameStream, Options, Policy};
use nearcall::proto::frames::v1 as wire;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use wire::frames_client::FramesClient;

use crate::names::World;
use crate::output::{self, bold};
use crate::registered;

/// The channel that is looked at.
const CHANNEL: &str = "render.main";

/// What the reader says once it holds a frame, before the frame's number.
const HOLDS: &str = "holds frame ";

/// How many frames the other reader sees after the kill.
const FRAMES: u64 = 30;

/// How long each step may take, on a machine that is busy with other things.
const STEP_WAIT: Duration = Duration::from_secs(60);

/// Kills a reader in the middle of a frame; answers whether all else went on.
pub(super) async fn show(world: &World) -> anyhow::Result<bool> {
    let address = registered::address(world, &"render".parse()?)
        .with_context(|| format!("render serves and has no entry in world {world}"))?;
    let channel = nearcall::connect(&address).await?;
    let options = Options {
        policy: Policy::DropOldest { depth: 2 },
        ..Options::default()
    };
    let mut stream = options.open(&channel, CHANNEL).await?;
    let (mut reader, held) = within("hold a frame", start(&address)).await?;
    let pid = reader.id().unwrap_or_default();
    let before = stats(&channel).await?;
    let pins = before
        .subscriptions
        .iter()
        .find(|one| one.pid == pid)
        .map_or(0, |one| one.pins);

    // Without a chance to give anything back.
    reader.start_kill().context("cannot kill the reader")?;
    let killed = Instant::now();
    let forgotten = async {
        while stats(&channel)
            .await?
            .subscriptions
            .iter()
            .any(|one| one.pid == pid)
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        anyhow::Ok(killed.elapsed())
    };
    let forgotten = within("forget the reader that was killed", forgotten).await?;
    let (seen, lost) = within("draw on", go_on(&mut stream)).await?;
    let after = stats(&channel).await?;
    let ended = reader.wait().await?;

    let latest = |stats: &wire::StatsResponse| stats.channel.as_ref().map_or(0, |one| one.latest);
    let (from, to) = (latest(&before), latest(&after));
    output::line("")?;
    output::line(format_args!(
        "killed a reader of {}, process {pid}, while it held frame {held}; its {pins} frame was free again after {:.1} ms",
        bold(CHANNEL),
        forgotten.as_secs_f64() * 1e3,
    ))?;
    output::line(format_args!(
        "the writer went on, frame {from} to {to}, and dropped {}; another reader saw {seen} more and missed {lost}",
        after.without_slot - before.without_slot + after.dropped - before.dropped,
    ))?;
    Ok(pins == 1 && !ended.success() && to > from && seen == FRAMES)
}

/// The reader, in a process of its own: takes a frame, says which, and keeps it.
pub(super) async fn hold(address: &str) -> anyhow::Result<()> {
    let channel = nearcall::connect(address).await?;
    let mut stream = Options::default().open(&channel, CHANNEL).await?;
    let frame = stream
        .next()
        .await?
        .context("the renderer stopped drawing")?;
    output::line(format_args!("{HOLDS}{}", frame.seq()))?;
    // Until it is killed, or nobody is left to do that.
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
    drop(frame);
    Ok(())
}

/// Starts such a process, and waits until it holds a frame.
async fn start(address: &str) -> anyhow::Result<(Child, u64)> {
    let program = std::env::current_exe().context("cannot find this command itself")?;
    let mut child = Command::new(program)
        .args(["demo", "--hold-frame", address])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start a reader")?;
    let output = child.stdout.take().context("the reader says nothing")?;
    let line = BufReader::new(output)
        .lines()
        .next_line()
        .await?
        .unwrap_or_default();
    let seq = line.strip_prefix(HOLDS).and_then(|seq| seq.parse().ok());
    let seq =
        seq.with_context(|| format!("expected a reader to hold a frame, it said {line:?}"))?;
    Ok((child, seq))
}

/// Sees so many frames more; answers how many came and how many were missed.
async fn go_on(stream: &mut FrameStream) -> anyhow::Result<(u64, u64)> {
    let (mut seen, mut lost) = (0, 0);
    while seen < FRAMES {
        let frame = stream
            .next()
            .await?
            .context("the renderer stopped drawing")?;
        seen += 1;
        // What was missed before the first was missed while the other process started.
        lost += if seen > 1 { frame.lost() } else { 0 };
    }
    Ok((seen, lost))
}

async fn stats(channel: &Channel) -> anyhow::Result<wire::StatsResponse> {
    let channel_name = CHANNEL.to_owned();
    let request = wire::StatsRequest {
        channel: channel_name,
    };
    let mut client = FramesClient::new(channel.clone());
    Ok(client.stats(request).await?.into_inner())
}

async fn within<T>(what: &str, step: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let done = tokio::time::timeout(STEP_WAIT, step).await;
    done.with_context(|| format!("it took too long to {what}"))?
}

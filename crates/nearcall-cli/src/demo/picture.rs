//! A picture: drawn by one process into shared memory, looked at in place by this one, and saved.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use nearcall::frames::{Options, Policy};

use crate::frames::picture::Picture;
use crate::names::World;
use crate::output::{self, bold};
use crate::registered;

/// The channel that is looked at.
const CHANNEL: &str = "render.main";

/// How many frames are looked at; the last is saved.
const FRAMES: u64 = 60;

/// How long they may take, on a machine that is busy with other things.
const FRAMES_WAIT: Duration = Duration::from_secs(60);

/// Looks at frames, and saves one; answers whether they came as they should.
pub(super) async fn show(world: &World, folder: &Path) -> anyhow::Result<bool> {
    let address = registered::address(world, &"render".parse()?)
        .with_context(|| format!("render serves and has no entry in world {world}"))?;
    let channel = nearcall::connect(address).await?;
    let options = Options {
        policy: Policy::DropOldest { depth: 2 },
        ..Options::default()
    };
    let mut stream = options.open(&channel, CHANNEL).await?;
    let begun = Instant::now();
    let looked = async {
        let mut lost = 0;
        loop {
            let frame = stream
                .next()
                .await?
                .context("the renderer stopped drawing")?;
            lost += frame.lost();
            if frame.seq() >= FRAMES {
                return anyhow::Ok((frame, lost));
            }
        }
    };
    let looked = tokio::time::timeout(FRAMES_WAIT, looked).await;
    let (frame, lost) = looked.context("the renderer draws too slowly")??;
    let took = begun.elapsed();
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join("render.png");
    std::fs::write(&path, Picture::of(&frame)?.png()?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    output::line("")?;
    output::line(format_args!(
        "{} frames of {:.1} MiB by way of {}, in place: {FRAMES} drawn in {:.1} s, {lost} not seen",
        bold(CHANNEL),
        frame.bytes().len() as f64 / 1_048_576.0,
        frame.tier(),
        took.as_secs_f64(),
    ))?;
    output::line(format_args!(
        "saved frame {} as {}",
        frame.seq(),
        path.display()
    ))?;
    Ok(frame.seq() >= FRAMES)
}

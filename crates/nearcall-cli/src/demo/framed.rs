//! What the demo shows of shared memory.

use std::path::Path;

#[cfg(target_os = "linux")]
use super::assets;
use super::lesson::Lesson;
use super::{killed, picture, render};
use crate::names::World;
#[cfg(not(target_os = "linux"))]
use crate::output;
use crate::session::Session;

/// What was shown, in words, and whether it went well.
type Shown = (bool, &'static str);

/// The lessons whose services hand out frames as well.
pub(super) fn lessons() -> Vec<Lesson> {
    vec![render::lesson()]
}

/// The services that are shown without a lesson.
#[cfg(target_os = "linux")]
pub(super) const SERVERS: &[&str] = &[assets::SERVER];

/// The services that are shown without a lesson.
#[cfg(not(target_os = "linux"))]
pub(super) const SERVERS: &[&str] = &[];

/// Shows pictures, a reader that is killed, and files.
pub(super) async fn show(
    session: &Session,
    world: &World,
    folder: &Path,
) -> anyhow::Result<Vec<Shown>> {
    let seen = picture::show(world, folder).await?;
    let survived = killed::show(world).await?;
    let mut shown = vec![
        (seen, "the pictures came"),
        (survived, "all went on without the reader that was killed"),
    ];
    shown.extend(show_files(session, world).await?);
    Ok(shown)
}

#[cfg(target_os = "linux")]
async fn show_files(session: &Session, world: &World) -> anyhow::Result<Option<Shown>> {
    let loaded = assets::show(session, world).await?;
    Ok(Some((loaded, "every file was loaded once")))
}

/// The loader is not there: it opens files so that no path leads out of a folder, as Linux alone has it.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unused_async, reason = "elsewhere it has to wait")]
async fn show_files(_session: &Session, _world: &World) -> anyhow::Result<Option<Shown>> {
    output::line("")?;
    output::note("left out here: files that another process loads, which is for Linux");
    Ok(None)
}

/// Is the reader that is killed.
pub(super) async fn hold(address: &str) -> anyhow::Result<()> {
    killed::hold(address).await
}

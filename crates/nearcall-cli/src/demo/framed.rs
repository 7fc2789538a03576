//! What the demo shows of shared memory.

use std::path::Path;

use super::assets;
use super::lesson::Lesson;
use super::{killed, picture, render};
use crate::names::World;
use crate::session::Session;

/// What was shown, in words, and whether it went well.
type Shown = (bool, &'static str);

/// The lessons whose services hand out frames as well.
pub(super) fn lessons() -> Vec<Lesson> {
    vec![render::lesson()]
}

/// The services that are shown without a lesson.
pub(super) const SERVERS: &[&str] = &[assets::SERVER];

/// Shows pictures, a reader that is killed, and files.
pub(super) async fn show(
    session: &Session,
    world: &World,
    folder: &Path,
) -> anyhow::Result<Vec<Shown>> {
    let seen = picture::show(world, folder).await?;
    let survived = killed::show(world).await?;
    let loaded = assets::show(session, world).await?;
    Ok(vec![
        (seen, "the pictures came"),
        (survived, "all went on without the reader that was killed"),
        (loaded, "every file was loaded once"),
    ])
}

/// Is the reader that is killed.
pub(super) async fn hold(address: &str) -> anyhow::Result<()> {
    killed::hold(address).await
}

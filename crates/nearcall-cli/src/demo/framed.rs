//! What the demo shows of shared memory.

use std::path::Path;

use super::lesson::Lesson;
use super::{assets, killed, picture, render};
use crate::names::World;
use crate::session::Session;

/// The lessons whose services hand out frames as well.
pub(super) fn lessons() -> Vec<Lesson> {
    vec![render::lesson()]
}

/// The services that are shown without a lesson.
pub(super) const SERVERS: &[&str] = &[assets::SERVER];

/// Shows pictures, a reader that is killed, and files; what went well, in words, and whether it did.
pub(super) async fn show(
    session: &Session,
    world: &World,
    folder: &Path,
) -> anyhow::Result<Vec<(bool, &'static str)>> {
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

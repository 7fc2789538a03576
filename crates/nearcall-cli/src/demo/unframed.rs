//! The demo where shared memory is not served: calls alone.

use std::path::Path;

use super::lesson::Lesson;
use crate::names::World;
use crate::output;
use crate::session::Session;

/// No further lessons.
pub(super) const fn lessons() -> Vec<Lesson> {
    Vec::new()
}

/// No further services.
pub(super) const SERVERS: &[&str] = &[];

/// Says what is left out.
#[expect(clippy::unused_async, reason = "elsewhere it has to wait")]
pub(super) async fn show(
    _session: &Session,
    _world: &World,
    _folder: &Path,
) -> anyhow::Result<Vec<(bool, &'static str)>> {
    output::note(
        "left out here: pictures, sounds and meshes in shared memory, which are for Linux, Windows and macOS",
    );
    Ok(Vec::new())
}

/// There is no such reader.
#[expect(clippy::unused_async, reason = "elsewhere it has to wait")]
pub(super) async fn hold(_address: &str) -> anyhow::Result<()> {
    Err(anyhow::Error::msg(
        "there are no frames to hold on this system",
    ))
}

//! Which world a command works in.

use anyhow::Context as _;

use crate::args;
use crate::config::Config;
use crate::names::World;

/// The world where nothing names one.
pub(crate) const DEFAULT: &str = "default";

/// The world that `--world` or `NEARCALL_WORLD` names, else the one of the nearest `nearcall.toml`, else `default`: so
/// that `ps`, `logs` and `down` look where `up` in the same folder works.
///
/// # Errors
/// When the name that was given is not one.
pub(crate) fn world() -> anyhow::Result<World> {
    // A file that is wrong is for `up` to complain about.
    of(Config::load(None).ok().and_then(|config| config.world))
}

/// The world of an `up` whose file names `configured`.
///
/// # Errors
/// When the name that was given is not one.
pub(crate) fn of(configured: Option<World>) -> anyhow::Result<World> {
    let name = match (args::world_asked(), configured) {
        (Some(asked), _) => asked,
        (None, Some(world)) => return Ok(world),
        (None, None) => DEFAULT,
    };
    name.parse::<World>()
        .context("--world or NEARCALL_WORLD does not name a world")
}

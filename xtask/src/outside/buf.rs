//! `buf lint`, from the package that carries buf as a program.

use crate::check::Session;
use crate::tally::Tally;

use super::npm;

const SOURCE: &str = "tests/outside/buf";

pub(crate) fn run(session: &Session<'_>) -> anyhow::Result<Tally> {
    let folder = npm::install(session, SOURCE, &[])?;
    session
        .program(folder.join("node_modules/.bin/buf"))?
        .envs(&npm::settings(session)?)
        .arg("lint")
        .succeed()?;
    Ok(Tally::PASSED)
}

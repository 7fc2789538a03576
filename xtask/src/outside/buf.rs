//! `buf lint`, from the package that carries buf as a program.

use std::fs;

use crate::check::Session;
use crate::tally::Tally;

const SOURCE: &str = "tests/outside/buf";

/// What npm needs to install exactly the versions that are committed.
const FILES: &[&str] = &["package.json", "package-lock.json", ".npmrc"];

pub(crate) fn run(session: &Session<'_>) -> anyhow::Result<Tally> {
    let outside = session.outside()?;
    let folder = outside.join("buf");
    fs::create_dir_all(&folder)?;
    for file in FILES {
        fs::copy(session.root.join(SOURCE).join(file), folder.join(file))?;
    }
    session
        .program("npm")?
        .folder(&folder)
        // The programs come in packages of their own; no script has to run.
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .arg("--cache")
        .arg(outside.join("npm"))
        .succeed()?;
    session
        .program(folder.join("node_modules/.bin/buf"))?
        .env("BUF_CACHE_DIR", outside.join("buf-cache"))
        .arg("lint")
        .succeed()?;
    Ok(Tally::PASSED)
}

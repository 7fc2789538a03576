//! Frame readers in other languages: each is set up from a clean copy as its README says, reads the golden files, bad ones
//! included, and the pictures of a real `render`.

use std::ffi::OsString;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::check::Session;
use crate::tally::Tally;

use super::go;
use super::languages::{Copy, commands};

/// Limit: how long the tests of one language may take, once it is set up.
const TESTS_LIMIT: Duration = Duration::from_secs(300);

/// Variables that keep what a tool writes under `target/`.
type Settings = Vec<(&'static str, OsString)>;

pub(crate) fn python(session: &Session<'_>) -> anyhow::Result<Tally> {
    let pip = session.outside()?.join("pip");
    let settings = vec![
        ("PIP_CACHE_DIR", pip.into()),
        ("PIP_DISABLE_PIP_VERSION_CHECK", "1".into()),
    ];
    run(session, "sdk/python", settings)
}

pub(crate) fn go(session: &Session<'_>) -> anyhow::Result<Tally> {
    run(
        session,
        "sdk/go",
        go::folders(&session.outside()?.join("go"))?,
    )
}

pub(crate) fn node(session: &Session<'_>) -> anyhow::Result<Tally> {
    let cache = session.outside()?.join("npm");
    run(
        session,
        "sdk/node",
        vec![("npm_config_cache", cache.into())],
    )
}

pub(crate) fn java(session: &Session<'_>) -> anyhow::Result<Tally> {
    let mut option = OsString::from("-Dmaven.repo.local=");
    option.push(session.target().join("m2"));
    run(session, "sdk/java", vec![("MAVEN_OPTS", option)])
}

/// Carries out what the README says: all blocks of shell but the last set up, the last tests.
fn run(session: &Session<'_>, folder: &str, settings: Settings) -> anyhow::Result<Tally> {
    let copy = Copy::of(session)?.folder(folder);
    let readme = copy.join("README.md");
    let readme = fs::read_to_string(&readme).with_context(|| readme.display().to_string())?;
    let mut blocks = commands(&readme);
    let tests = blocks.pop();
    let tests = tests.with_context(|| {
        format!("{folder}/README.md should say in a block of sh how to run the tests")
    })?;
    session
        .cargo()?
        .args(["build", "--release", "--package", "render"])
        .succeed()?;
    let render = session.target().join("release/render");
    let shell = |script: &str| {
        let shell = session.program("sh")?.folder(&copy).envs(&settings);
        anyhow::Ok(shell.args(["-euc", script]))
    };
    for block in blocks {
        shell(&block)?.succeed()?;
    }
    let ended = shell(&tests)?
        .env("NEARCALL_RENDER", render)
        .at_most(TESTS_LIMIT)
        .succeed()?;
    print!("{}", ended.stdout);
    // Each language counts in its own way, and one that ran nothing would end well, too.
    ensure!(
        !ended.stdout.trim().is_empty(),
        "expected the tests of {folder} to say what they did, found nothing"
    );
    Ok(Tally::PASSED)
}

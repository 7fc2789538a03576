//! `hello` in Go, built for Windows, at a named pipe of `arith`, and then what `nearcall dial` writes: each a process of its
//! own under Wine.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::check::Session;
use crate::outside::go;
use crate::outside::wine::WineServer;
use crate::program::Program;
use crate::tally::Tally;
use crate::windows::{Kit, TARGET};

use super::copy::Copy;
use super::written;
use super::{TRANSCRIPT, Transcript};

const EXAMPLE: &str = "examples/go/hello";

/// Limit: how long the client may run.
pub(super) const RUN_LIMIT: Duration = Duration::from_secs(120);

/// What stock grpc-go prints with go-winio as its dialer, compared with the transcript.
pub(in crate::outside) fn windows(session: &Session<'_>) -> anyhow::Result<Tally> {
    let kit = Kit::of(session)?;
    let client = client(session)?;
    kit.cargo(session)?
        .args(["build", "--package", "arith", "--target", TARGET])
        .succeed()?;
    let arith = kit.built.join(TARGET).join("debug/arith.exe");
    let arith = WineServer::start(session, &kit, &arith, "nearcall-hello")?;
    let ended = kit
        .set(session.program(&kit.wine)?)
        .arg(&client)
        .arg(&arith.address)
        .at_most(RUN_LIMIT)
        .run()?;
    let expected = Transcript::read(&fs::read_to_string(session.root.join(TRANSCRIPT))?);
    let printed = Transcript::read(&ended.stdout);
    ensure!(
        ended.status.success() && printed == expected,
        "{}\nexpected:\n{expected}\nthe server wrote:{}",
        ended.in_full(),
        arith.written()
    );
    println!("{printed}");
    let mut tally = Tally::PASSED;
    tally += written::run(session, &kit, &arith.address)?;
    Ok(tally)
}

/// Builds the client in a copy, with the code that is generated for it.
fn client(session: &Session<'_>) -> anyhow::Result<PathBuf> {
    let folder = Copy::of(session)?.folder(EXAMPLE);
    let settings = go::folders(&session.outside()?.join("go"))?;
    let go = || -> anyhow::Result<Program> {
        Ok(session.program("go")?.folder(&folder).envs(&settings))
    };
    go()?
        .args(["generate", "./..."])
        .succeed()
        .context("generating the client")?;
    let program = folder.join("hello.exe");
    go()?
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .env("GOOS", "windows")
        .env("GOARCH", "amd64")
        .env("CGO_ENABLED", "0")
        .succeed()?;
    Ok(program)
}

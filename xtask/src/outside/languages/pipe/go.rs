//! grpc-go with go-winio as its dialer, built for Windows here.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::check::Session;
use crate::outside::go;
use crate::program::Program;
use crate::tally::Tally;

use super::super::copy::Copy;
use super::Pipe;

const EXAMPLE: &str = "examples/go/hello";

pub(in crate::outside) fn check(session: &Session<'_>) -> anyhow::Result<Tally> {
    let client = client(session)?;
    let pipe = Pipe::open(session)?;
    let hello = pipe.by_wine()?.arg(&client).arg(&pipe.arith.address);
    let mut tally = pipe.hello(hello)?;

    let written = pipe.write("go", "main.go")?;
    let settings = go::folders_of_new(&session.outside()?.join("go"))?;
    written.set_up(session, &settings, |command, shell| {
        // What generates its code is for this machine.
        if command.starts_with("go build") {
            for_windows(shell)
        } else {
            shell
        }
    })?;
    let client = written.folder.join(written.run.trim_start_matches("./"));
    tally += pipe.answered("go", pipe.by_wine()?.arg(client))?;
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
    for_windows(go()?)
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .succeed()?;
    Ok(program)
}

fn for_windows(go: Program) -> Program {
    go.env("GOOS", "windows")
        .env("GOARCH", "amd64")
        .env("CGO_ENABLED", "0")
}

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
    let mut settings = go::folders(&session.outside()?.join("go"))?;
    // The program's go.mod is made whole by its first `go mod tidy`.
    settings.retain(|(name, _)| *name != "GOFLAGS");
    settings.push(("GOFLAGS", "-modcacherw".into()));
    for command in &written.setup {
        let shell = session.program("sh")?.args(["-eu", "-c", command]);
        let shell = shell.folder(&written.folder).envs(&settings);
        // What generates its code is for this machine.
        let shell = match command.starts_with("go build") {
            true => for_windows(shell),
            false => shell,
        };
        shell
            .succeed()
            .with_context(|| format!("setting up by `{command}`"))?;
    }
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

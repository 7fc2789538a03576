//! `hello` in Go, built for Windows, at a named pipe of `arith`, and then what `nearcall dial` writes: each a process of its
//! own under Wine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::check::Session;
use crate::outside::go;
use crate::program::{Program, end_family};
use crate::tally::Tally;
use crate::windows::{Kit, TARGET};

use super::copy::Copy;
use super::written;
use super::{LET_IN, TRANSCRIPT, Transcript};

const EXAMPLE: &str = "examples/go/hello";

/// Limit: how long the server may take until it answers; Wine itself may have to start first.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Limit: how long the client may run.
pub(super) const RUN_LIMIT: Duration = Duration::from_secs(60);

/// How long to wait between two tries.
const TRY_INTERVAL: Duration = Duration::from_millis(200);

/// Killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        end_family(self.0.id());
        self.0.wait().ok();
    }
}

/// What stock grpc-go prints with go-winio as its dialer, compared with the transcript.
pub(in crate::outside) fn windows(session: &Session<'_>) -> anyhow::Result<Tally> {
    let kit = Kit::of(session)?;
    let client = client(session)?;
    kit.cargo(session)?
        .args(["build", "--package", "arith", "--target", TARGET])
        .succeed()?;
    let server = kit.built.join(TARGET).join("debug/arith.exe");
    let address = format!("pipe:nearcall-hello.{}", std::process::id());
    let run = |program: &Path| -> anyhow::Result<Program> {
        let program = session.program(&kit.wine)?.arg(program).arg(&address);
        Ok(kit.set(program))
    };
    let mut serving = run(&server)?;
    let _server = Running(serving.start()?);
    let expected = Transcript::read(&fs::read_to_string(session.root.join(TRANSCRIPT))?);
    let start = Instant::now();
    loop {
        let ended = run(&client)?.at_most(RUN_LIMIT).run()?;
        let printed = Transcript::read(&ended.stdout);
        if ended.status.success() && printed == expected {
            println!("{printed}");
            let mut tally = Tally::PASSED;
            tally += written::run(session, &kit, &address)?;
            return Ok(tally);
        }
        // Until the server is there nothing is answered.
        let answered = ended.stdout.lines().any(|line| line == LET_IN);
        if answered || start.elapsed() > START_LIMIT {
            bail!(
                "{}\nexpected:\n{expected}\nthe server wrote:{}",
                ended.in_full(),
                serving.written()
            );
        }
        thread::sleep(TRY_INTERVAL);
    }
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

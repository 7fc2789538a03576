//! What `nearcall dial` writes for Go on Windows: set up as its own head says, built for Windows, run by Wine.

use std::fs;

use anyhow::{Context as _, ensure};

use crate::check::Session;
use crate::outside::go;
use crate::program::Program;
use crate::tally::Tally;
use crate::windows::{Kit, TARGET};

use super::pipe::RUN_LIMIT;

/// What is filled in is 1 and 2.
const ANSWER: &str = "product:2";

/// Has the command write a client of the server at an address, and runs it.
pub(super) fn run(session: &Session<'_>, kit: &Kit, address: &str) -> anyhow::Result<Tally> {
    kit.cargo(session)?
        .args(["build", "--package", "nearcall-cli", "--target", TARGET])
        .succeed()?;
    let nearcall = kit.built.join(TARGET).join("debug/nearcall.exe");
    let folder = session.outside()?.join("windows-dial");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let by_wine = || session.program(&kit.wine).map(|program| kit.set(program));
    by_wine()?
        .arg(nearcall)
        .args(["dial", address, "--lang", "go", "--out", "client"])
        .folder(&folder)
        .at_most(RUN_LIMIT)
        .succeed()?;
    let client = folder.join("client");
    let head = fs::read_to_string(client.join("main.go"))?;
    let commands: Vec<_> = head
        .lines()
        .filter_map(|line| Some(line.split_once("  $ ")?.1))
        .collect();
    let [_written, setup @ .., run] = commands.as_slice() else {
        anyhow::bail!("no commands in {head}");
    };
    let mut settings = go::folders(&session.outside()?.join("go"))?;
    // The program's go.mod is made whole by its first `go mod tidy`.
    settings.retain(|(name, _)| *name != "GOFLAGS");
    settings.push(("GOFLAGS", "-modcacherw".into()));
    for command in setup {
        let shell = session.program("sh")?.args(["-eu", "-c", command]);
        let shell = shell.folder(&client).envs(&settings);
        for_windows(shell, command)
            .succeed()
            .with_context(|| format!("setting up by `{command}`"))?;
    }
    let program = client.join(run.trim_start_matches("./"));
    let ended = by_wine()?.arg(program).at_most(RUN_LIMIT).run()?;
    ensure!(
        ended.status.success() && ended.stdout.contains(ANSWER),
        "expected {ANSWER}:\n{}",
        ended.in_full()
    );
    println!("nearcall dial --lang go: {}", ended.stdout.trim());
    Ok(Tally::PASSED)
}

/// The program is for Windows; what generates its code is for this machine.
fn for_windows(shell: Program, command: &str) -> Program {
    if !command.starts_with("go build") {
        return shell;
    }
    shell
        .env("GOOS", "windows")
        .env("GOARCH", "amd64")
        .env("CGO_ENABLED", "0")
}

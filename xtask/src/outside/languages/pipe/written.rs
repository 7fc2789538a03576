//! What `nearcall dial` writes on Windows, set up as its own head says.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};

use crate::check::Session;
use crate::program::Program;
use crate::tally::Tally;
use crate::windows::TARGET;

use super::Pipe;

/// What is filled in is 1 and 2; without spaces and quotes, since each language prints an answer in its way.
const ANSWER: &str = "product:2";

/// A client that was written.
pub(super) struct Written {
    pub(super) folder: PathBuf,
    /// The commands that set it up.
    setup: Vec<String>,
    /// The command that runs it.
    pub(super) run: String,
}

impl Written {
    /// Carries out the commands that set it up, each as `prepare` makes of it.
    pub(super) fn set_up(
        &self,
        session: &Session<'_>,
        settings: &[(&'static str, OsString)],
        prepare: impl Fn(&str, Program) -> Program,
    ) -> anyhow::Result<()> {
        for command in &self.setup {
            let shell = session.program("sh")?.folder(&self.folder).envs(settings);
            prepare(command, shell.args(["-eu", "-c", command]))
                .succeed()
                .with_context(|| format!("setting up by `{command}`"))?;
        }
        Ok(())
    }
}

impl Pipe<'_> {
    /// Has the command write a client, whose head is in `file`.
    pub(super) fn write(&self, language: &str, file: &str) -> anyhow::Result<Written> {
        let nearcall = self.kit.built.join(TARGET).join("debug/nearcall.exe");
        let folder = self.session.outside()?.join("windows-dial").join(language);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        self.by_wine()?
            .arg(nearcall)
            .args(["dial", &self.arith.address, "--lang", language])
            .args(["--out", "client"])
            .folder(&folder)
            .succeed()?;
        let folder = folder.join("client");
        let head = fs::read_to_string(folder.join(file))?;
        let mut commands = head
            .lines()
            .filter_map(|line| Some(line.split_once("  $ ")?.1));
        let _written = commands.next();
        let mut setup: Vec<_> = commands.map(str::to_owned).collect();
        let run = setup.pop();
        Ok(Written {
            folder,
            setup,
            run: run.with_context(|| format!("no commands in {head}"))?,
        })
    }

    /// Runs what was written.
    pub(super) fn answered(&self, language: &str, client: Program) -> anyhow::Result<Tally> {
        let ended = client.run()?;
        let said: String = ended
            .stdout
            .chars()
            .filter(|char| !char.is_whitespace() && *char != '"')
            .collect();
        ensure!(
            ended.status.success() && said.contains(ANSWER),
            "expected {ANSWER}:\n{}",
            ended.in_full()
        );
        println!("nearcall dial --lang {language}: {}", ended.stdout.trim());
        Ok(Tally::PASSED)
    }
}

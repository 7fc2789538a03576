//! `hello` at a named pipe of `arith`, and then what `nearcall dial` writes: each a process of its own under Wine.

use std::fs;
use std::time::Duration;

use anyhow::ensure;

use crate::check::Session;
use crate::outside::wine::WineServer;
use crate::program::Program;
use crate::tally::Tally;
use crate::windows::{self, Kit, TARGET};

use super::{TRANSCRIPT, Transcript};
pub(in crate::outside) use go::check as go;
pub(in crate::outside) use node::check as node;

mod go;
mod node;
mod written;

/// Limit: how long a client may run.
const RUN_LIMIT: Duration = Duration::from_secs(120);

/// `arith` at its pipe.
struct Pipe<'a> {
    session: &'a Session<'a>,
    kit: Kit,
    arith: WineServer,
}

impl<'a> Pipe<'a> {
    fn open(session: &'a Session<'a>) -> anyhow::Result<Self> {
        let kit = Kit::of(session)?;
        windows::build(session)?;
        let program = kit.built.join(TARGET).join("debug/arith.exe");
        let arith = WineServer::start(session, &kit, &program, "nearcall-hello")?;
        Ok(Self {
            session,
            kit,
            arith,
        })
    }

    fn by_wine(&self) -> anyhow::Result<Program> {
        let wine = self.session.program(&self.kit.wine)?.at_most(RUN_LIMIT);
        Ok(self.kit.set(wine))
    }

    /// Compares what `hello` prints with the transcript.
    fn hello(&self, client: Program) -> anyhow::Result<Tally> {
        let ended = client.run()?;
        let expected = self.session.root.join(TRANSCRIPT);
        let expected = Transcript::read(&fs::read_to_string(expected)?);
        let printed = Transcript::read(&ended.stdout);
        ensure!(
            ended.status.success() && printed == expected,
            "{}\nexpected:\n{expected}\nthe server wrote:{}",
            ended.in_full(),
            self.arith.written()
        );
        println!("{printed}");
        Ok(Tally::PASSED)
    }
}

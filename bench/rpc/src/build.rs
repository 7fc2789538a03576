//! Builds the peers.

use anyhow::Context as _;
use driver::make::Program;

use crate::args::Plan;
use crate::systems::System;

/// A system whose program is there.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) system: &'static System,
    pub(crate) program: Program,
}

/// What came of all.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    pub(crate) peers: Vec<Built>,
    /// Systems that this machine lacks a tool for, with what it lacks.
    pub(crate) left_out: Vec<(&'static System, String)>,
}

pub(crate) fn build(plan: &Plan) -> anyhow::Result<Peers> {
    let peers = report::root().join("bench/rpc/peers");
    let mut built = Peers::default();
    for system in plan.systems.iter().copied() {
        if let Some(reason) = system.made.missing() {
            built.left_out.push((system, reason));
            continue;
        }
        println!("building {}", system.name);
        let program = system.made.build(&peers);
        let program = program.with_context(|| format!("{} was not built", system.name))?;
        built.peers.push(Built { system, program });
    }
    Ok(built)
}

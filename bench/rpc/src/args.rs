//! The command line, and how long a benchmark takes.

use std::time::Duration;

use anyhow::{Context as _, bail};
use driver::Condition;

use crate::systems::{SYSTEMS, System};

/// What is measured, and how often.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) systems: Vec<&'static System>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) payloads: &'static [usize],
    pub(crate) in_flight: &'static [usize],
    pub(crate) rounds: usize,
    /// How long one run takes, after its warm-up.
    pub(crate) each: Duration,
    pub(crate) smoke: bool,
    /// Everything is measured in full, so that the page may be written.
    pub(crate) whole: bool,
}

const PAYLOADS: &[usize] = &[32, 1024, 65_536];
const IN_FLIGHT: &[usize] = &[1, 64, 256];

/// Rounds, and the fewest that the page is written from.
const ROUNDS: usize = 5;

const HELP: &str = "\
cargo xtask bench rpc [OPTION]...

--only SYSTEM         this system alone; may be said again
--condition NAME      same, split or def alone; may be said again
--rounds N            how often each is measured; 5
--quick               short runs, 3 rounds; the page is not written
--smoke               shows that it runs, not how fast

The page docs/benchmarks.md is written only when everything is measured, in five rounds or more.
Systems:";

impl Plan {
    /// What the command line asks for; nothing where it asks for help, which is printed.
    pub(crate) fn from_args() -> anyhow::Result<Option<Self>> {
        let mut plan = Self {
            systems: Vec::new(),
            conditions: Vec::new(),
            payloads: PAYLOADS,
            in_flight: IN_FLIGHT,
            rounds: ROUNDS,
            each: Duration::from_millis(200),
            smoke: false,
            whole: true,
        };
        let mut args = std::env::args().skip(1);
        let mut rounds = None;
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("{arg} has no value"));
            match &*arg {
                "--only" => plan.systems.push(System::named(&value()?)?),
                "--condition" => plan.conditions.push(Condition::named(&value()?)?),
                "--rounds" => rounds = Some(value()?.parse::<usize>()?.max(1)),
                "--quick" => {
                    plan.rounds = 3;
                    plan.each = Duration::from_millis(50);
                    plan.whole = false;
                }
                "--smoke" => {
                    plan.rounds = 1;
                    plan.each = Duration::from_millis(10);
                    plan.payloads = &[32];
                    plan.in_flight = &[1, 64];
                    plan.smoke = true;
                    plan.whole = false;
                }
                "--help" => {
                    println!("{HELP}\n{}", System::names());
                    return Ok(None);
                }
                _ => bail!("{arg} is no option\n\n{HELP}\n{}", System::names()),
            }
        }
        plan.rounds = rounds.unwrap_or(plan.rounds);
        if plan.systems.is_empty() {
            let systems = SYSTEMS.iter();
            plan.systems = systems.filter(|one| one.smoke || !plan.smoke).collect();
        } else {
            plan.whole = false;
        }
        if plan.conditions.is_empty() {
            plan.conditions = Condition::ALL.to_vec();
        } else {
            plan.whole = false;
        }
        plan.conditions
            .retain(|condition| match condition.missing() {
                Some(reason) => {
                    println!("{} is left out: {reason}", condition.name());
                    false
                }
                None => true,
            });
        plan.whole &= plan.rounds >= ROUNDS;
        Ok(Some(plan))
    }

    /// The loads that a system is put under.
    pub(crate) fn loads(&self, system: &System) -> Vec<(usize, usize)> {
        let payloads = self.payloads.iter();
        payloads
            .flat_map(|payload| {
                self.in_flight
                    .iter()
                    .map(|in_flight| (*payload, *in_flight))
            })
            .filter(|(_, in_flight)| *in_flight <= system.in_flight_max)
            .collect()
    }
}

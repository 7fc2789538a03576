//! The command line, and how long a benchmark takes.

use std::time::Duration;

use anyhow::{Context as _, bail};
use driver::Condition;

use crate::load::{Load, Part};
use crate::systems::{SYSTEMS, System};

/// What is measured, and how often.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) systems: Vec<&'static System>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) rounds: usize,
    /// How long frames come as fast as they go, after a warm-up; and how long at a pace.
    pub(crate) flow: Duration,
    pub(crate) paced: Duration,
    pub(crate) smoke: bool,
    /// Everything is measured in full, so that the page may be written.
    pub(crate) whole: bool,
}

/// Rounds, and the fewest that the page is written from.
const ROUNDS: usize = 5;

const HELP: &str = "\
cargo xtask bench frames [OPTION]...

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
            rounds: ROUNDS,
            flow: Duration::from_millis(300),
            paced: Duration::from_millis(700),
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
                    plan.flow = Duration::from_millis(150);
                    plan.paced = Duration::from_millis(300);
                    plan.whole = false;
                }
                "--smoke" => {
                    plan.rounds = 1;
                    plan.flow = Duration::from_millis(10);
                    plan.paced = Duration::from_millis(10);
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
            plan.conditions = if plan.smoke {
                vec![Condition::Def]
            } else {
                Condition::ALL.to_vec()
            };
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

    /// How long the lap that counts takes.
    pub(crate) fn time(&self, load: Load) -> Duration {
        match load.part {
            Part::Flow | Part::Handles => self.flow,
            _ => self.paced,
        }
    }
}

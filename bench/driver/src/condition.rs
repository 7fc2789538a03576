//! Where the processes run.

use std::fs::{File, OpenOptions};
use std::io::Write as _;

use anyhow::Context as _;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// Where the processes run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Both on one core.
    Same,
    /// A core each, and idle cores poll where the system lets us ask for it.
    Split,
    /// Wherever the system puts them.
    Def,
}

/// Which of the ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The one that the others come to.
    Server,
    /// Those who come.
    Client,
}

impl Condition {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 3] = [Self::Same, Self::Split, Self::Def];

    /// What the command line and the JSON call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Split => "split",
            Self::Def => "def",
        }
    }

    /// What the page says of it.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Same => "all of it on one core: the repeatable one",
            Self::Split => "a core each, idle cores kept from sleeping",
            Self::Def => "wherever the system puts them, as a user has it",
        }
    }

    /// The condition of that name.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn named(name: &str) -> anyhow::Result<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|condition| condition.name() == name)
            .with_context(|| format!("expected same, split or def, got `{name}`"))
    }

    /// Why this machine cannot have it, if it cannot.
    #[must_use]
    pub fn missing(self) -> Option<String> {
        let cores = cores().unwrap_or_default().len();
        (self == Self::Split && cores < 2).then(|| format!("it takes two cores, here is {cores}"))
    }

    /// Runs `start` as one that the condition puts in its place; what it starts inherits that.
    ///
    /// # Errors
    ///
    /// That of `start`, or the system does not let this process move.
    pub fn placed<T>(
        self,
        end: End,
        start: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let index = match (self, end) {
            (Self::Def, _) => return start(),
            (Self::Split, End::Server) => 1,
            (Self::Same, _) | (Self::Split, End::Client) => 0,
        };
        let this = Pid::from_raw(0);
        let before = sched_getaffinity(this)?;
        let core = *cores()?.get(index).context("there is no such core")?;
        let mut only = CpuSet::new();
        only.set(core)?;
        sched_setaffinity(this, &only)?;
        let started = start();
        sched_setaffinity(this, &before)?;
        started
    }
}

/// The cores that this process may run on.
fn cores() -> anyhow::Result<Vec<usize>> {
    let set = sched_getaffinity(Pid::from_raw(0))?;
    let cores = 0..CpuSet::count();
    Ok(cores
        .filter(|core| set.is_set(*core).unwrap_or(false))
        .collect())
}

const DMA_LATENCY: &str = "/dev/cpu_dma_latency";

/// While it lives, an idle core polls rather than sleeps (the kernel's PM quality of service).
#[derive(Debug)]
pub struct Awake {
    _held: File,
}

impl Awake {
    /// Nothing where the device cannot be opened, which takes root.
    #[must_use]
    pub fn hold() -> Option<Self> {
        let mut held = OpenOptions::new().write(true).open(DMA_LATENCY).ok()?;
        held.write_all(&0_i32.to_ne_bytes()).ok()?;
        Some(Self { _held: held })
    }
}

//! The systems that are compared; a new one is a row here and a peer in `bench/frames/peers`.

use anyhow::Context as _;
use driver::make::Made;

/// One way to get a frame from one process to others.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct System {
    /// What `--only` and the JSON call it.
    pub(crate) name: &'static str,
    /// What the page calls it.
    pub(crate) title: &'static str,
    pub(crate) made: Made,
    /// What the peer is told by `--variant`.
    pub(crate) variant: &'static str,
    pub(crate) shape: Shape,
    /// Whether it builds fast enough, and everywhere, to be tried on every change.
    pub(crate) smoke: bool,
}

/// What it is measured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Both ends are in one process.
    Alone,
    /// One writer and one reader.
    Pair,
    /// Several readers too.
    Many,
    /// Small frames alone.
    Small,
}

pub(crate) const ALONE: &str = "one-process";
pub(crate) const RING: &str = "ring";
pub(crate) const LOAN: &str = "nearcall-loan";
pub(crate) const INLINE: &str = "nearcall-inline";
pub(crate) const ICEORYX2: &str = "iceoryx2";
pub(crate) const TONIC: &str = "tonic";
pub(crate) const TONIC_TUNED: &str = "tonic-tuned";
pub(crate) const GO: &str = "go-gob";
pub(crate) const RAW_ASYNC: &str = "raw-tokio";

const RING_MADE: Made = Made::Cargo {
    peer: "ring",
    program: "peer-frames-ring",
    packages: &[],
    tool: None,
};

const NEARCALL: Made = Made::Cargo {
    peer: "nearcall",
    program: "peer-frames-nearcall",
    packages: &["nearcall"],
    tool: None,
};

const RAW: Made = Made::Cargo {
    peer: "raw",
    program: "peer-frames-raw",
    packages: &[],
    tool: None,
};

const TONIC_MADE: Made = Made::Cargo {
    peer: "tonic",
    program: "peer-frames-tonic",
    packages: &["tonic", "hyper", "h2", "tokio"],
    tool: None,
};

pub(crate) const SYSTEMS: &[System] = &[
    System {
        name: ALONE,
        title: "one process, no sharing",
        made: RING_MADE,
        variant: "",
        shape: Shape::Alone,
        smoke: true,
    },
    System {
        name: RING,
        title: "bare ring and futex",
        made: RING_MADE,
        variant: "",
        shape: Shape::Many,
        smoke: true,
    },
    System {
        name: LOAN,
        title: "nearcall, loan",
        made: NEARCALL,
        variant: "loan",
        shape: Shape::Many,
        smoke: true,
    },
    System {
        name: "nearcall-copy",
        title: "nearcall, copy",
        made: NEARCALL,
        variant: "copy",
        shape: Shape::Pair,
        smoke: true,
    },
    System {
        name: "nearcall-file",
        title: "nearcall, by a file",
        made: NEARCALL,
        variant: "file",
        shape: Shape::Pair,
        smoke: true,
    },
    System {
        name: INLINE,
        title: "nearcall, inline",
        made: NEARCALL,
        variant: "inline",
        shape: Shape::Pair,
        smoke: true,
    },
    System {
        name: ICEORYX2,
        title: "iceoryx2, loan and event",
        made: Made::Cargo {
            peer: "iceoryx2",
            program: "peer-frames-iceoryx2",
            packages: &["iceoryx2"],
            tool: None,
        },
        variant: "",
        shape: Shape::Many,
        smoke: false,
    },
    System {
        name: "raw",
        title: "raw Unix socket, blocking",
        made: RAW,
        variant: "",
        shape: Shape::Pair,
        smoke: true,
    },
    System {
        name: RAW_ASYNC,
        title: "raw Unix socket, tokio reads",
        made: RAW,
        variant: "tokio",
        shape: Shape::Small,
        smoke: true,
    },
    System {
        name: "zeromq",
        title: "ZeroMQ, ipc",
        made: Made::Cargo {
            peer: "zeromq",
            program: "peer-frames-zeromq",
            packages: &["zmq", "zeromq-src"],
            tool: Some("c++"),
        },
        variant: "",
        shape: Shape::Pair,
        smoke: false,
    },
    System {
        name: TONIC,
        title: "tonic, stream of bytes",
        made: TONIC_MADE,
        variant: "",
        shape: Shape::Pair,
        smoke: true,
    },
    System {
        name: TONIC_TUNED,
        title: "tonic, tuned",
        made: TONIC_MADE,
        variant: "tuned",
        shape: Shape::Pair,
        smoke: true,
    },
    System {
        name: GO,
        title: "Go gob, Unix socket",
        made: Made::Go {
            package: "gob",
            program: "peer-frames-go-gob",
            modules: &[],
        },
        variant: "",
        shape: Shape::Pair,
        smoke: false,
    },
];

impl System {
    pub(crate) fn named(name: &str) -> anyhow::Result<&'static Self> {
        let mut systems = SYSTEMS.iter();
        systems
            .find(|system| system.name == name)
            .with_context(|| format!("there is no system `{name}`, but {}", Self::names()))
    }

    pub(crate) fn names() -> String {
        SYSTEMS
            .iter()
            .map(|system| system.name)
            .collect::<Vec<_>>()
            .join(", ")
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.name.starts_with("nearcall")
    }
}

//! The systems that are compared; a new one is a row here and a peer in `bench/rpc/peers`.

use anyhow::Context as _;
use driver::make::Made;

/// One system, over one wire.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct System {
    /// What `--only` and the JSON call it.
    pub(crate) name: &'static str,
    /// What the page calls it.
    pub(crate) title: &'static str,
    pub(crate) made: Made,
    /// What the peer is told by `--variant`.
    pub(crate) variant: &'static str,
    pub(crate) place: Place,
    pub(crate) in_flight_max: usize,
    /// Whether it builds fast enough, and everywhere, to be tried on every change.
    pub(crate) smoke: bool,
}

/// Where a server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    UnixSocket,
    /// A port that the system chooses, on the loopback.
    Port,
}

/// What the ratios are to.
pub(crate) const GO: &str = "go-net-rpc";
pub(crate) const TONIC: &str = "tonic";

/// A limit on calls in flight that no load comes near.
const ANY: usize = usize::MAX;

const NEARCALL: Made = Made::Cargo {
    peer: "nearcall",
    program: "peer-nearcall",
    packages: &["nearcall", "tonic"],
    tool: None,
};

pub(crate) const SYSTEMS: &[System] = &[
    System {
        name: "raw",
        title: "raw Unix socket, blocking",
        made: Made::Cargo {
            peer: "raw",
            program: "peer-raw",
            packages: &[],
            tool: None,
        },
        variant: "",
        place: Place::UnixSocket,
        in_flight_max: 1,
        smoke: true,
    },
    System {
        name: "nearcall-lane",
        title: "nearcall, lane, current-thread",
        made: NEARCALL,
        variant: "lane current-thread",
        place: Place::UnixSocket,
        in_flight_max: ANY,
        smoke: true,
    },
    System {
        name: "nearcall-lane-multi",
        title: "nearcall, lane, block_on",
        made: NEARCALL,
        variant: "lane multi-thread",
        place: Place::UnixSocket,
        in_flight_max: ANY,
        smoke: true,
    },
    System {
        name: "nearcall-lane-blocking",
        title: "nearcall, lane, blocking client",
        made: NEARCALL,
        variant: "lane blocking",
        place: Place::UnixSocket,
        in_flight_max: 1,
        smoke: true,
    },
    System {
        name: "nearcall-grpc",
        title: "nearcall, gRPC, current-thread",
        made: NEARCALL,
        variant: "grpc current-thread",
        place: Place::UnixSocket,
        in_flight_max: ANY,
        smoke: true,
    },
    System {
        name: "nearcall-grpc-multi",
        title: "nearcall, gRPC, block_on",
        made: NEARCALL,
        variant: "grpc multi-thread",
        place: Place::UnixSocket,
        in_flight_max: ANY,
        smoke: true,
    },
    System {
        name: TONIC,
        title: "tonic, current-thread",
        made: Made::Cargo {
            peer: "tonic",
            program: "peer-tonic",
            packages: &["tonic", "hyper", "h2", "tokio"],
            tool: None,
        },
        variant: "",
        place: Place::UnixSocket,
        in_flight_max: ANY,
        smoke: true,
    },
    System {
        name: GO,
        title: "Go net/rpc, gob, Unix",
        made: Made::Go {
            package: "netrpc",
            program: "peer-go-netrpc",
            modules: &[],
        },
        variant: "unix",
        place: Place::UnixSocket,
        in_flight_max: ANY,
        smoke: false,
    },
    System {
        name: "go-net-rpc-tcp",
        title: "Go net/rpc, gob, TCP",
        made: Made::Go {
            package: "netrpc",
            program: "peer-go-netrpc",
            modules: &[],
        },
        variant: "tcp",
        place: Place::Port,
        in_flight_max: ANY,
        smoke: false,
    },
    System {
        name: "grpc-go",
        title: "grpc-go, Unix",
        made: Made::Go {
            package: "grpc",
            program: "peer-go-grpc",
            modules: &["google.golang.org/grpc"],
        },
        variant: "",
        place: Place::UnixSocket,
        in_flight_max: ANY,
        smoke: false,
    },
    System {
        name: "tarpc",
        title: "tarpc, bincode, Unix",
        made: Made::Cargo {
            peer: "tarpc",
            program: "peer-tarpc",
            packages: &["tarpc"],
            tool: None,
        },
        variant: "",
        place: Place::UnixSocket,
        in_flight_max: ANY,
        smoke: false,
    },
    System {
        name: "ttrpc",
        title: "ttrpc, Unix",
        made: Made::Cargo {
            peer: "ttrpc",
            program: "peer-ttrpc",
            packages: &["ttrpc"],
            tool: None,
        },
        variant: "",
        place: Place::UnixSocket,
        in_flight_max: ANY,
        smoke: false,
    },
    System {
        name: "capnp-rpc",
        title: "capnp-rpc, Unix",
        made: Made::Cargo {
            peer: "capnp",
            program: "peer-capnp",
            packages: &["capnp-rpc"],
            tool: Some("capnp"),
        },
        variant: "",
        place: Place::UnixSocket,
        in_flight_max: ANY,
        smoke: false,
    },
    System {
        name: "grpc-cpp",
        title: "gRPC C++, Unix",
        made: Made::Cpp,
        variant: "",
        place: Place::UnixSocket,
        in_flight_max: ANY,
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
}

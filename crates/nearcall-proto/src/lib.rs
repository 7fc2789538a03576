#![doc = include_str!("../README.md")]

pub mod direct;
pub mod stub;
pub mod table;

/// How a server calls what its client hosts, where the two speak gRPC.
pub mod callback {
    /// The first version.
    pub mod v1 {
        include!("generated/nearcall.callback.v1.rs");
    }
}

/// What `nearcall up` serves: the services of a world as they stand, stopped, restarted, and what they print.
pub mod supervisor {
    /// The first version.
    pub mod v1 {
        include!("generated/nearcall.supervisor.v1.rs");
    }
}

/// Frame channels: opened, carried inline, polled, and how they stand.
pub mod frames {
    /// The first version.
    pub mod v1 {
        include!("generated/nearcall.frames.v1.rs");
    }
}

/// What generated code in this crate names; the facade has the same module for everyone else.
pub(crate) mod codegen {
    pub(crate) use crate::{direct, stub, table};
    pub(crate) use ::prost::bytes::Bytes;
    pub(crate) use {::prost, ::prost_types, ::tonic, ::tonic_prost};
}

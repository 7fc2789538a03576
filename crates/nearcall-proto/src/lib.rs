#![doc = include_str!("../README.md")]

pub mod table;

/// What generated code in this crate names; the facade has the same module for everyone else.
pub(crate) mod codegen {
    #[allow(
        unused_imports,
        reason = "which of them is used depends on the .proto files"
    )]
    pub(crate) use {crate::table, prost, prost_types, tonic, tonic_prost};
}

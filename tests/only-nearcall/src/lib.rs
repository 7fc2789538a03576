#![doc = include_str!("../README.md")]
#![deny(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications,
    elided_lifetimes_in_paths,
    single_use_lifetimes,
    rustdoc::all,
    clippy::all,
    clippy::nursery,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    clippy::unwrap_used
)]

/// Every package, each in the module of its name.
pub mod proto {
    nearcall::include_protos!();
}

/// A package by itself, where nobody outside sees it.
mod private {
    nearcall::include_proto!("type.v1");
}

/// A package by itself, by the macro that tonic's users know.
pub mod by_tonic {
    nearcall::codegen::tonic::include_proto!("type.v1");
}

/// A package that is not spelled as Rust would.
pub mod game_state {
    nearcall::include_proto!("gameState.v1");
}

/// Messages of a file that is in no package.
pub mod loose {
    nearcall::include_proto!("_");
}

/// The name of a message that only this crate sees.
#[must_use]
pub fn private_name() -> String {
    use nearcall::codegen::prost::Name as _;
    private::Type::full_name()
}

#![doc = include_str!("../README.md")]

mod added;
mod builder;
mod comments;
mod error;
mod generate;
mod paths;
mod quiet;
mod report;
mod schema;
mod service;

pub use builder::Builder;
pub use error::{Error, ErrorKind, Place};

use std::path::Path;

/// Generates code from `.proto` files into cargo's output folder, with the default options.
///
/// `protos` are paths of files; `includes` are the folders in which they, and the files they import, are found. Both
/// may be relative to the crate's folder. The files of `google/protobuf` are built in. `nearcall::include_proto!`
/// includes one package, `nearcall::include_protos!` all of them.
///
/// # Errors
///
/// When a file does not exist, does not parse, imports what is not there, names a type that is not defined, or declares
/// a service without a package. The error's `Debug` is a report for people, so `main` of a `build.rs` can return it.
pub fn compile(
    protos: impl IntoIterator<Item = impl AsRef<Path>>,
    includes: impl IntoIterator<Item = impl AsRef<Path>>,
) -> Result<(), Error> {
    Builder::new().compile(protos, includes)
}

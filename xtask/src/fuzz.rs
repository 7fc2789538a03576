//! `cargo xtask fuzz`: the fuzz targets, a workspace of their own in `fuzz/`, run by cargo-fuzz on nightly.
//!
//! The corpus is replayed by ordinary tests; this task looks for new inputs.

use std::ffi::OsString;

use crate::check::workspace_root;
use crate::side::{cargo, programs};

/// Carries out the task: lists the targets, or runs one with the arguments that follow its name.
pub(crate) fn run(args: &[OsString]) -> anyhow::Result<bool> {
    match args.split_first() {
        Some((name, rest)) if name != "--list" => cargo(&["+nightly", "fuzz", "run"], name, rest),
        _ => {
            for name in programs(&workspace_root()?.join("fuzz"))? {
                println!("{name}");
            }
            Ok(true)
        }
    }
}

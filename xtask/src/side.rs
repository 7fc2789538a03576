//! The workspaces beside the main one: `bench/` and `fuzz/`.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::check::workspace_root;

/// The names of the programs of the package in `folder`, none where there is no such folder.
pub(crate) fn programs(folder: &Path) -> anyhow::Result<Vec<String>> {
    let manifest = folder.join("Cargo.toml");
    if !manifest.exists() {
        return Ok(Vec::new());
    }
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .arg("--manifest-path")
        .arg(&manifest)
        .output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("`cargo metadata` has no answer for {}", manifest.display()))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let targets = packages.flat_map(|package| package["targets"].as_array().into_iter().flatten());
    let programs = targets.filter(|target| target["kind"][0] == "bin");
    let names = programs.filter_map(|target| target["name"].as_str());
    Ok(names.map(str::to_owned).collect())
}

/// Runs cargo in the folder of the workspace with all of its streams ours; `false` when it fails.
pub(crate) fn cargo(task: &[&str], program: &OsStr, rest: &[OsString]) -> anyhow::Result<bool> {
    // Not `$CARGO`: that one is past choosing a toolchain by `+nightly`.
    let status = Command::new("cargo")
        .current_dir(workspace_root()?)
        .args(task)
        .arg(program)
        .args(rest)
        .status()?;
    Ok(status.success())
}

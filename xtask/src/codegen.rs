//! Writes the Rust of the project's own services, which is committed, from `proto/nearcall`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::check::workspace_root;

/// Where the `.proto` files are, below the workspace.
const PROTOS: &str = "proto";
/// The part of them that is nearcall's own.
const OWN: &str = "proto/nearcall";
/// Where the generated code goes.
const GENERATED: &str = "crates/nearcall-proto/src/generated";
/// What includes every package in a module of its name; here the modules are written by hand.
const MODULES: &str = "proto-modules.rs";
/// Under which path that code finds its runtime, since the facade depends on the crate it is in.
const RUNTIME: &str = "crate::codegen";

/// Writes the generated code; with `check`, only compares it with what is committed.
///
/// # Errors
///
/// When the `.proto` files do not compile, or, with `check`, when a file differs; the message names them.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let root = workspace_root()?;
    let target = root.join(GENERATED);
    let fresh = tempfile::tempdir()?;
    generate(&root, fresh.path())?;
    let wanted = contents(fresh.path())?;
    let found = match target.is_dir() {
        true => contents(&target)?,
        false => BTreeMap::new(),
    };
    let names = wanted.keys().chain(found.keys());
    let differing: std::collections::BTreeSet<&PathBuf> = names
        .filter(|name| wanted.get(*name) != found.get(*name))
        .collect();
    if check && !differing.is_empty() {
        let list: Vec<String> = differing
            .iter()
            .map(|name| format!("  {GENERATED}/{}", name.display()))
            .collect();
        bail!(
            "generated code is not what {OWN} gives; run `cargo xtask codegen`\n{}",
            list.join("\n")
        );
    }
    fs::create_dir_all(&target)?;
    for name in differing {
        let path = target.join(name);
        match wanted.get(name) {
            Some(content) => fs::write(&path, content),
            None => fs::remove_file(&path),
        }
        .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn generate(root: &Path, folder: &Path) -> anyhow::Result<()> {
    let mut protos = Vec::new();
    collect(&root.join(OWN), &mut protos)?;
    nearcall_build::Builder::new()
        .out_dir(folder)
        .runtime(RUNTIME)
        // Pieces of frames are sent out of the memory they are in, and taken out of the message they came in.
        .bytes([".nearcall.frames.v1.Chunk.bytes"])
        // What they call through is above this crate.
        .blocking(false)
        .compile(protos, [root.join(PROTOS)])?;
    Ok(())
}

/// All `.proto` files below `folder`, sorted, so that the same files give the same code.
fn collect(folder: &Path, protos: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, protos)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            protos.push(path);
        }
    }
    Ok(())
}

/// The content of every file in `folder`, by its name.
fn contents(folder: &Path) -> anyhow::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut contents = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == MODULES {
            continue;
        }
        contents.insert(entry.file_name().into(), fs::read(entry.path())?);
    }
    Ok(contents)
}

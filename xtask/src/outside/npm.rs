//! Packages of npm, at the versions that are committed.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::check::Session;

/// What npm needs to install exactly the versions that are committed.
const FILES: &[&str] = &["package.json", "package-lock.json", ".npmrc"];

/// Installs what the folder `source` locks, and answers with the folder in which `node_modules` is.
pub(super) fn install(
    session: &Session<'_>,
    source: &str,
    options: &[&str],
) -> anyhow::Result<PathBuf> {
    let name = Path::new(source).file_name();
    let folder = session
        .outside()?
        .join(name.context("a folder with a name")?);
    fs::create_dir_all(&folder)?;
    for file in FILES {
        fs::copy(session.root.join(source).join(file), folder.join(file))?;
    }
    session
        .program("npm")?
        .folder(&folder)
        .envs(&settings(session)?)
        // The programs come in packages of their own; no script has to run.
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .args(options)
        .succeed()?;
    Ok(folder)
}

/// Everything that npm and buf write beside that goes under `target`.
pub(super) fn settings(session: &Session<'_>) -> anyhow::Result<Vec<(&'static str, OsString)>> {
    let outside = session.outside()?;
    Ok(vec![
        ("npm_config_cache", outside.join("npm").into()),
        ("BUF_CACHE_DIR", outside.join("buf-cache").into()),
    ])
}

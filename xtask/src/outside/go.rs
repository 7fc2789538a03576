//! Programs built from their Go modules, at the versions that are committed.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::check::Session;

/// Builds the package of a Go program as `name`, by the module and the sums in the folder `module`.
pub(super) fn build(
    session: &Session<'_>,
    module: &str,
    package: &str,
    name: &str,
) -> anyhow::Result<PathBuf> {
    let outside = session.outside()?;
    let program = outside.join("bin").join(name);
    session
        .program("go")?
        .folder(&session.root.join(module))
        .envs(&folders(&outside.join("go"))?)
        .args(["build", "-o"])
        .arg(&program)
        .arg(package)
        .succeed()?;
    Ok(program)
}

/// As [`folders`], for a program whose go.mod is made whole by its first `go mod tidy`.
pub(super) fn folders_of_new(folder: &Path) -> anyhow::Result<Vec<(&'static str, OsString)>> {
    let mut settings = folders(folder)?;
    settings.retain(|(name, _)| *name != "GOFLAGS");
    settings.push(("GOFLAGS", "-modcacherw".into()));
    Ok(settings)
}

/// Everything that Go writes goes under `folder`, and can be removed by `rm`.
pub(super) fn folders(folder: &Path) -> anyhow::Result<Vec<(&'static str, OsString)>> {
    // Go's own settings are read from where the user keeps them, though its counters are not written there.
    let settings = env::var_os("XDG_CONFIG_HOME").map_or_else(
        || env::home_dir().map(|home| home.join(".config")),
        |folder| Some(folder.into()),
    );
    let settings = settings.context("neither XDG_CONFIG_HOME nor HOME is set")?;
    Ok(vec![
        ("GOPATH", folder.into()),
        ("GOMODCACHE", folder.join("mod").into()),
        ("GOCACHE", folder.join("build").into()),
        ("GOFLAGS", "-modcacherw -mod=readonly".into()),
        ("GOTOOLCHAIN", "local".into()),
        ("GOENV", settings.join("go/env").into()),
        ("XDG_CONFIG_HOME", folder.join("config").into()),
    ])
}

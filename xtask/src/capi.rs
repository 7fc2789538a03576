//! `cargo xtask capi`: the C library as it is installed, and its header.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use crate::check::workspace_root;

pub(crate) mod windows;

/// The crate, below the workspace.
const CRATE: &str = "crates/nearcall-capi";

/// The generator of the header. It is a program and not a dependency: its licence is not on our list of what may be
/// linked in, and nothing but the header comes of it.
const CBINDGEN: &str = "0.29.4";

/// What the library is called on this system.
pub(crate) struct Names {
    /// As cargo builds it.
    pub(crate) built: &'static str,
    /// As programs look for it, which crates/nearcall-capi/build.rs writes into the library.
    pub(crate) installed: &'static str,
    /// As linkers look for it, where that is another name.
    linked: Option<&'static str>,
    /// What the static one is linked with.
    private: &'static str,
}

pub(crate) const NAMES: Names = if cfg!(target_os = "macos") {
    Names {
        built: "libnearcall_c.dylib",
        installed: "libnearcall.dylib",
        linked: None,
        private: "-liconv -lSystem -lc -lm",
    }
} else {
    Names {
        built: "libnearcall_c.so",
        installed: "libnearcall.so.1",
        linked: Some("libnearcall.so"),
        private: "-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc",
    }
};

/// Builds the library for release and lays it out as it is installed, under `target/capi`; answers with that folder.
pub(crate) fn install() -> anyhow::Result<PathBuf> {
    let root = workspace_root()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(&root)
        .args(["build", "--release", "--package", "nearcall-capi"])
        .status()?;
    ensure!(status.success(), "the library does not build");

    let built = root.join("target/release");
    let prefix = root.join("target/capi");
    let lib = prefix.join("lib");
    headers(&root, &prefix)?;
    packages(&root, &prefix, NAMES.private)?;
    copy(&built.join(NAMES.built), &lib.join(NAMES.installed))?;
    copy(&built.join("libnearcall_c.a"), &lib.join("libnearcall.a"))?;
    if let Some(linked) = NAMES.linked {
        let link = lib.join(linked);
        fs::remove_file(&link).ok();
        #[cfg(unix)]
        std::os::unix::fs::symlink(NAMES.installed, &link)?;
    }
    Ok(prefix)
}

fn headers(root: &Path, prefix: &Path) -> anyhow::Result<()> {
    let include = prefix.join("include");
    fs::create_dir_all(&include)?;
    for header in ["nearcall.h", "nearcall.hpp"] {
        copy(
            &root.join(CRATE).join("include").join(header),
            &include.join(header),
        )?;
    }
    Ok(())
}

/// By what build systems find the library; `private` is what the static one is linked with.
fn packages(root: &Path, prefix: &Path, private: &str) -> anyhow::Result<()> {
    let pkgconfig = prefix.join("lib/pkgconfig");
    let cmake = prefix.join("lib/cmake/nearcall");
    for folder in [&pkgconfig, &cmake] {
        fs::create_dir_all(folder)?;
    }
    for (name, folder) in [
        ("nearcall.pc", &pkgconfig),
        ("nearcall-config.cmake", &cmake),
        ("nearcall-config-version.cmake", &cmake),
    ] {
        let template = fs::read_to_string(root.join(CRATE).join("install").join(name))?;
        // xtask has the version of the workspace, as every package of it.
        let text = template
            .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
            .replace("@PRIVATE@", private);
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

/// Replaces a file rather than writing into it: a program may have it open.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::remove_file(to).ok();
    fs::copy(from, to).with_context(|| format!("copying {}", from.display()))?;
    Ok(())
}

/// Writes the header; with `check`, only compares it with what is committed.
///
/// # Errors
///
/// When the generator cannot be had, or, with `check`, when the header differs.
pub(crate) fn header(check: bool) -> anyhow::Result<()> {
    let root = workspace_root()?;
    let committed = root.join(CRATE).join("include/nearcall.h");
    let output = Command::new(generator(&root)?)
        .current_dir(root.join(CRATE))
        .args(["--config", "cbindgen.toml", "."])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "no header could be made:\n{said}");
    let fresh = String::from_utf8(output.stdout)?;
    let found = fs::read_to_string(&committed).unwrap_or_default();
    if check && fresh != found {
        bail!(
            "{} is not what the code gives; run `cargo xtask capi --header`",
            committed.display()
        );
    }
    if fresh != found {
        fs::write(&committed, fresh)?;
    }
    Ok(())
}

/// cbindgen, built once into `target/outside`.
fn generator(root: &Path) -> anyhow::Result<PathBuf> {
    let folder = root.join("target/outside/cbindgen");
    let program = folder.join("bin/cbindgen");
    let version = Command::new(&program).arg("--version").output();
    let found = version.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).trim() == format!("cbindgen {CBINDGEN}")
    });
    if !found {
        let status = Command::new("cargo")
            .args(["install", "cbindgen", "--locked", "--version", CBINDGEN])
            .arg("--root")
            .arg(&folder)
            .arg("--target-dir")
            .arg(root.join("target/outside/cbindgen-build"))
            .status()?;
        ensure!(
            status.success(),
            "cbindgen {CBINDGEN} could not be installed"
        );
    }
    Ok(program)
}

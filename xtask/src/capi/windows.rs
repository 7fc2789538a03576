//! The C library of Windows as it is installed: `nearcall.dll` and the import library that programs link to.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::{copy, headers, packages};
use crate::check::workspace_root;
use crate::windows::{Kit, TARGET};

/// The name that programs look for.
pub(crate) const DLL: &str = "nearcall.dll";

/// What makes import libraries, of mingw.
const DLLTOOL: &str = "x86_64-w64-mingw32-dlltool";

/// What the static library is linked with.
const PRIVATE: &str = "-lws2_32 -luserenv -lntdll -ladvapi32";

/// Builds the library for release and lays it out as it is installed, under `target/capi-windows`; answers with that
/// folder.
///
/// # Errors
///
/// When there is no kit, or something cannot be built.
pub(crate) fn release() -> anyhow::Result<PathBuf> {
    let root = workspace_root()?;
    let kit = Kit::at(&root.join("target"))?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(&root)
        .envs(kit.variables())
        .env("CARGO_TARGET_DIR", &kit.built)
        .args(["build", "--release", "--package", "nearcall-capi"])
        .args(["--target", TARGET])
        .status()?;
    ensure!(status.success(), "the library does not build");
    let prefix = root.join("target/capi-windows");
    install(&root, &kit.built.join(TARGET).join("release"), &prefix)?;
    Ok(prefix)
}

/// Lays out under `prefix` what cargo built into `built`: the library, its headers, the list of its functions, from
/// which any linker's own tool makes an import library, and the one that mingw links to.
///
/// # Errors
///
/// When something was not built, or there is no `dlltool`.
pub(crate) fn install(root: &Path, built: &Path, prefix: &Path) -> anyhow::Result<()> {
    let (bin, lib) = (prefix.join("bin"), prefix.join("lib"));
    fs::create_dir_all(&bin)?;
    headers(root, prefix)?;
    packages(root, prefix, PRIVATE)?;
    copy(&built.join("nearcall_c.dll"), &bin.join(DLL))?;
    copy(&built.join("libnearcall_c.a"), &lib.join("libnearcall.a"))?;

    let header = fs::read_to_string(prefix.join("include/nearcall.h"))?;
    let mut list = format!("LIBRARY \"{DLL}\"\nEXPORTS\n");
    for function in functions(&header) {
        writeln!(list, "    {function}")?;
    }
    fs::write(lib.join("nearcall.def"), list)?;
    // The one that cargo makes asks for the name under which cargo built the library.
    let status = Command::new(DLLTOOL)
        .current_dir(&lib)
        .args(["--input-def", "nearcall.def"])
        .args(["--output-lib", "libnearcall.dll.a"])
        .status()
        .with_context(|| format!("starting `{DLLTOOL}`"))?;
    ensure!(status.success(), "no import library could be made");
    Ok(())
}

/// The functions that the header declares, in order.
pub(crate) fn functions(header: &str) -> Vec<&str> {
    let mut found = Vec::new();
    // A short one stands behind the word, a longer one below it.
    for declared in header.split("\nNEARCALL_API").skip(1) {
        let before_arguments = declared.split('(').next();
        found.extend(before_arguments.and_then(|text| text.rsplit([' ', '\n', '*']).next()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declared_function_is_found() {
        let header = "#define NEARCALL_API\n/** Says. */\nNEARCALL_API\nint32_t one(int a,\n    int b);\n\n\
                      NEARCALL_API\nconst char *two(void);\nNEARCALL_API uint32_t three(void);\ntypedef void (*four)(void);\n";
        assert_eq!(functions(header), ["one", "two", "three"]);
    }
}

//! The C# SDK at `nearcall.dll` and named pipes: compiled by Mono, run by .NET as it is built for Windows, under Wine.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::ensure;

use crate::check::Session;
use crate::outside::python;
use crate::tally::Tally;
use crate::windows::Kit;

use super::windows::{Places, on_windows, own};
use super::{GOLDEN_FRAMES, compile_csharp, with_suffix};

/// What pins the package of Python that carries the runtime.
const REQUIREMENTS: &str = "tests/outside/dotnet-windows/requirements.txt";

/// Which version of it a program asks for at least, in words of its own.
const SETTINGS: &str =
    r#"{"runtimeOptions":{"framework":{"name":"Microsoft.NETCore.App","version":"3.1.0"}}}"#;

pub(in crate::outside) fn windows(session: &Session<'_>) -> anyhow::Result<Tally> {
    let dotnet = dotnet(session)?;
    let kit = Kit::of(session)?;
    let places = Places::of(session, &kit)?;
    let program = places.out.join("csharp-tests.exe");
    compile_csharp(session, &program)?;
    let settings = places.out.join("csharp-tests.runtimeconfig.json");
    fs::write(&settings, SETTINGS)?;
    let ended = places
        .wine(&dotnet)?
        .args(["exec", "--runtimeconfig"])
        .arg(on_windows(&settings))
        .arg(on_windows(&program))
        .args([
            &places.arith.address,
            &own("csharp"),
            &places.mirror.address,
        ])
        .arg(on_windows(&places.built.join("render.exe")))
        .arg(own("csharp-render"))
        .arg(on_windows(&session.root.join(GOLDEN_FRAMES)))
        .run()?;
    let said = with_suffix(&ended.stdout, "under .NET, by Wine");
    ensure!(
        ended.status.success() && !said.is_empty(),
        "{}",
        ended.in_full()
    );
    print!("{said}");
    Ok(Tally::PASSED)
}

/// Fetches and unpacks the runtime.
fn dotnet(session: &Session<'_>) -> anyhow::Result<PathBuf> {
    let folder = session.outside()?.join("dotnet-windows");
    let installed = folder.join("installed.txt");
    let wanted = fs::read_to_string(session.root.join(REQUIREMENTS))?;
    if !fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        fetch(session, &folder)?;
        fs::write(installed, wanted)?;
    }
    Ok(folder.join("dotnetcore2/bin/dotnet.exe"))
}

fn fetch(session: &Session<'_>, folder: &Path) -> anyhow::Result<()> {
    let python = python::venv(session)?;
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    session
        .program(&python)?
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-cache-dir",
            "--no-deps",
        ])
        .args(["--disable-pip-version-check", "--only-binary", ":all:"])
        .args(["--platform", "win_amd64", "--require-hashes"])
        .args(["--requirement", REQUIREMENTS, "--target"])
        .arg(folder)
        .succeed()?;
    Ok(())
}

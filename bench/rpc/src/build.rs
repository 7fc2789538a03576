//! Builds the peers, each alone: in one workspace cargo would give all of them the features of each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::args::Plan;
use crate::systems::{Made, System};

/// A system whose program is there.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) system: &'static System,
    pub(crate) program: PathBuf,
    /// What it is made of, as the page says it.
    pub(crate) version: String,
}

/// What came of all.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    pub(crate) peers: Vec<Built>,
    /// Systems that this machine lacks a tool for, with what it lacks.
    pub(crate) left_out: Vec<(&'static System, String)>,
}

pub(crate) fn build(plan: &Plan) -> anyhow::Result<Peers> {
    let peers = report::root().join("bench/rpc/peers");
    let target = target()?;
    let mut built = Peers::default();
    for system in plan.systems.iter().copied() {
        if let Some(reason) = missing(system.made) {
            built.left_out.push((system, reason));
            continue;
        }
        println!("building {}", system.name);
        let (program, version) = match system.made {
            Made::Cargo { peer, packages, .. } => cargo(&peers.join(peer), peer, packages, &target),
            Made::Go { package, modules } => go(&peers.join("go"), package, modules, &target),
            Made::Cpp => cpp(&peers, &target),
        }
        .with_context(|| format!("{} was not built", system.name))?;
        built.peers.push(Built {
            system,
            program,
            version,
        });
    }
    Ok(built)
}

/// The folder that this program was built in, of its profile: the peers go beside it.
fn target() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().context("a program has a folder")?;
    Ok(folder.to_owned())
}

/// The tool that this machine lacks, if one.
fn missing(made: Made) -> Option<String> {
    let tools: &[(&str, &[&str])] = match made {
        Made::Cargo { tool: None, .. } => &[],
        Made::Cargo {
            tool: Some(tool), ..
        } => &[(tool, &["--version"])],
        Made::Go { .. } => &[("go", &["version"])],
        Made::Cpp => &[
            ("g++", &["--version"]),
            ("make", &["--version"]),
            ("protoc", &["--version"]),
            ("which", &["grpc_cpp_plugin"]),
            ("pkg-config", &["--exists", "grpc++"]),
        ],
    };
    let mut tools = tools.iter();
    let (tool, args) = tools.find(|(tool, args)| {
        let ended = Command::new(tool).args(*args).output();
        !ended.is_ok_and(|ended| ended.status.success())
    })?;
    Some(format!("`{tool} {}` does not succeed", args.join(" ")))
}

fn cargo(
    folder: &Path,
    peer: &str,
    packages: &[&str],
    target: &Path,
) -> anyhow::Result<(PathBuf, String)> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--manifest-path"]);
    cargo.arg(folder.join("Cargo.toml"));
    cargo
        .arg("--target-dir")
        .arg(target.parent().context("a target has a folder")?);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    run(&mut cargo)?;
    let lock = fs::read_to_string(folder.join("Cargo.lock"))?;
    let versions = packages.iter().filter_map(|package| {
        let (_, after) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
        Some(format!("{package} {}", after.split('"').next()?))
    });
    let versions = versions.collect::<Vec<_>>().join(", ");
    Ok((target.join(format!("peer-{peer}")), versions))
}

fn go(
    folder: &Path,
    package: &str,
    modules: &[&str],
    target: &Path,
) -> anyhow::Result<(PathBuf, String)> {
    let program = target.join(format!("peer-go-{package}"));
    run(Command::new("go")
        .current_dir(folder)
        .args(["build", "-buildvcs=false", "-o"])
        .arg(&program)
        .arg(format!("./{package}")))?;
    let said = Command::new("go").arg("version").output()?;
    let said = String::from_utf8(said.stdout)?;
    let mut parts = said.split(' ').filter(|word| word.starts_with("go1"));
    let mut version = format!(
        "Go {}",
        parts.next().unwrap_or("go?").trim_start_matches("go")
    );
    let list = fs::read_to_string(folder.join("go.mod"))?;
    for module in modules {
        let line = list
            .lines()
            .find_map(|line| line.trim().strip_prefix(module));
        version += &format!(", {module}{}", line.unwrap_or_default());
    }
    Ok((program, version))
}

fn cpp(peers: &Path, target: &Path) -> anyhow::Result<(PathBuf, String)> {
    let program = target.join("peer-cpp");
    run(Command::new("make")
        .args(["--silent", "-C"])
        .arg(peers.join("cpp"))
        .arg(format!("OUT={}", target.join("cpp").display()))
        .arg(format!("PROGRAM={}", program.display())))?;
    let said = Command::new("pkg-config")
        .args(["--modversion", "grpc++"])
        .output()?;
    let version = String::from_utf8(said.stdout)?;
    Ok((program, format!("gRPC C++ {}", version.trim())))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status()?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

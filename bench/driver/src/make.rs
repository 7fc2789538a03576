//! Builds peers, each alone: in one workspace cargo would give all of them the features of each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// How the peer's program comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// The cargo workspace `peers/NAME`, whose program is `program`; the packages are those whose versions the page names.
    Cargo {
        peer: &'static str,
        program: &'static str,
        packages: &'static [&'static str],
        /// What its build calls, beside cargo.
        tool: Option<&'static str>,
    },
    /// The package `peers/go/NAME`; the modules are those whose versions the page names.
    Go {
        package: &'static str,
        program: &'static str,
        modules: &'static [&'static str],
    },
    /// `peers/cpp`, with Debian's packages.
    Cpp,
}

/// A program that is there.
#[derive(Debug)]
pub struct Program {
    pub path: PathBuf,
    /// What it is made of, as the page says it.
    pub version: String,
}

impl Made {
    /// Builds it of the folder `peers`.
    ///
    /// # Errors
    ///
    /// It does not build.
    pub fn build(self, peers: &Path) -> anyhow::Result<Program> {
        let target = target()?;
        let (path, version) = match self {
            Self::Cargo {
                peer,
                program,
                packages,
                ..
            } => cargo(&peers.join(peer), program, packages, &target)?,
            Self::Go {
                package,
                program,
                modules,
            } => go(&peers.join("go"), package, program, modules, &target)?,
            Self::Cpp => cpp(peers, &target)?,
        };
        Ok(Program { path, version })
    }

    /// The tool that this machine lacks, if one.
    #[must_use]
    pub fn missing(self) -> Option<String> {
        let tools: &[(&str, &[&str])] = match self {
            Self::Cargo { tool: None, .. } => &[],
            Self::Cargo {
                tool: Some(tool), ..
            } => &[(tool, &["--version"])],
            Self::Go { .. } => &[("go", &["version"])],
            Self::Cpp => &[
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
}

/// The folder that this program was built in, of its profile: the peers go beside it.
fn target() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().context("a program has a folder")?;
    Ok(folder.to_owned())
}

fn cargo(
    folder: &Path,
    program: &str,
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
    Ok((target.join(program), versions))
}

fn go(
    folder: &Path,
    package: &str,
    program: &str,
    modules: &[&str],
    target: &Path,
) -> anyhow::Result<(PathBuf, String)> {
    let program = target.join(program);
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

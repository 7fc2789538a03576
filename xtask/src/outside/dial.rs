//! What `nearcall dial` writes, set up and run as its own head says, in every language; and a port that `nearcall bridge`
//! opens, dialled by grpcio.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, iter};

use anyhow::{Context as _, ensure};

use crate::capi;
use crate::check::{Session, Tool};
use crate::program::end_family;
use crate::tally::Tally;

use super::server::{Server, in_runtime};
use super::{GCC, GO, GXX, NODE, NPM, PKG_CONFIG, PYTHON, go, npm, python};

/// Limit: how long setting up and running one language may take.
const LANGUAGE_LIMIT: Duration = Duration::from_secs(5 * 60);

const PROTOC: Tool = Tool(&["protoc", "--version"]);

/// A language of `nearcall dial`.
struct Language {
    name: &'static str,
    needs: &'static [Tool],
    /// What it prints of an answer, without spaces and quotes.
    says: &'static [&'static str],
    method: Option<&'static str>,
}

const fn language(name: &'static str, needs: &'static [Tool]) -> Language {
    Language {
        name,
        needs,
        // dial fills in 1 and 2.
        says: &["product:2"],
        method: None,
    }
}

/// The same language with a stream of answers: 2 numbers from 1 on.
const fn stream(name: &'static str, needs: &'static [Tool]) -> Language {
    Language {
        name,
        needs,
        says: &["number:1", "number:2"],
        method: Some("arith.v1.Arith/Count"),
    }
}

const CPP: &[Tool] = &[
    GXX,
    PKG_CONFIG,
    PROTOC,
    Tool(&["pkg-config", "--exists", "grpc++", "protobuf"]),
    Tool(&["sh", "-c", "command -v grpc_cpp_plugin"]),
];
const JAVA: &[Tool] = &[Tool(&["javac", "-version"]), Tool(&["mvn", "--version"])];

const LANGUAGES: &[Language] = &[
    language("shell", &[]),
    stream("shell", &[]),
    language("rust", &[]),
    stream("rust", &[]),
    Language {
        name: "rust",
        needs: &[],
        says: &["sum:1", "count:1"],
        method: Some("arith.v1.Arith/Sum"),
    },
    language("go", &[GO, PROTOC]),
    stream("go", &[GO, PROTOC]),
    Language {
        name: "go",
        needs: &[GO, PROTOC],
        says: &["total:1"],
        method: Some("arith.v1.Arith/RunningTotal"),
    },
    language("python", &[PYTHON]),
    stream("python", &[PYTHON]),
    Language {
        name: "python",
        needs: &[PYTHON],
        says: &["sum:1", "count:1"],
        method: Some("arith.v1.Arith/Sum"),
    },
    language("grpclib", &[PYTHON]),
    stream("grpclib", &[PYTHON]),
    language("node", &[NODE, NPM]),
    stream("node", &[NODE, NPM]),
    language("cpp", CPP),
    stream("cpp", CPP),
    language("java", JAVA),
    stream("java", JAVA),
    Language {
        name: "c",
        needs: &[GCC, PKG_CONFIG],
        says: &["0802"],
        method: None,
    },
];

/// Languages that are printed and not tried, and why. They are no failure under CI either: what is left out for good is
/// listed here, what is missing on one machine is not.
const PRINTED_ONLY: &[(&str, &str)] = &[(
    "csharp",
    "Grpc.Net.Client needs the .NET SDK, which is not on this machine",
)];

pub(crate) fn run(session: &Session<'_>) -> anyhow::Result<Tally> {
    let arith = Server::arith(session)?;
    let settings = settings(session)?;
    let folder = session.outside()?.join("dial");
    let mut tally = Tally::default();
    for language in LANGUAGES {
        let shown = iter::once(language.name).chain(language.method);
        let shown = shown.collect::<Vec<_>>().join(" ");
        let missing: Vec<_> = language.needs.iter().filter_map(Tool::missing).collect();
        if !missing.is_empty() {
            println!("{shown} left out: {}", missing.join("; "));
            tally += Tally::SKIPPED;
            continue;
        }
        match try_one(session, &arith, &settings, &folder, language) {
            Ok(()) => {
                println!("ok   {shown}");
                tally += Tally::PASSED;
            }
            Err(error) => {
                println!("FAIL {shown}: {error:#}");
                tally += Tally::FAILED;
            }
        }
    }
    for (name, why) in PRINTED_ONLY {
        let printed = dial(session, &arith, &settings, name, None)?;
        ensure!(
            printed.contains("MultiplyRequest"),
            "the code should be printed: {printed}"
        );
        println!("left out: {name} is printed and not run: {why}");
    }
    Ok(tally)
}

/// Does what the head of the printed program says, and compares what it prints.
fn try_one(
    session: &Session<'_>,
    arith: &Server,
    settings: &[(&'static str, OsString)],
    folder: &Path,
    language: &Language,
) -> anyhow::Result<()> {
    let printed = dial(session, arith, settings, language.name, language.method)?;
    let commands: Vec<_> = printed
        .lines()
        .filter_map(|line| Some(line.split_once("  $ ")?.1))
        .collect();
    ensure!(commands.len() > 1, "no commands in {printed}");
    let kind = language.method.unwrap_or("unary").replace(['/', '.'], "-");
    let folder = folder.join(format!("{}-{kind}", language.name));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let script = session
        .program("sh")?
        .folder(&folder)
        .envs(settings)
        .args(["-eu", "-c"])
        .arg(commands.join("\n"));
    let ended = in_runtime(script, runtime(arith)?)
        .at_most(LANGUAGE_LIMIT)
        .run()?;
    let said: String = ended
        .stdout
        .chars()
        .filter(|char| !char.is_whitespace() && !"\"{}".contains(*char))
        .collect();
    let said_all = language.says.iter().all(|wanted| said.contains(wanted));
    ensure!(
        ended.status.success() && said_all,
        "expected {:?}:\n{}",
        language.says,
        ended.in_full()
    );
    Ok(())
}

/// What is printed for a language.
fn dial(
    session: &Session<'_>,
    arith: &Server,
    settings: &[(&'static str, OsString)],
    language: &str,
    method: Option<&str>,
) -> anyhow::Result<String> {
    let program = session.program(session.target().join("release/nearcall"))?;
    let mut program = program
        .envs(settings)
        .args(["dial", "arith", "--lang", language]);
    if let Some(method) = method {
        program = program.args(["--method", method]);
    }
    Ok(in_runtime(program, runtime(arith)?).succeed()?.stdout)
}

/// The runtime folder in which a server is registered.
fn runtime(server: &Server) -> anyhow::Result<&Path> {
    let folder = server.socket.ancestors().nth(3);
    folder.context("the socket should be three folders below the runtime folder")
}

/// Variables that keep what tools write under `target/`, and let them find what is built there.
fn settings(session: &Session<'_>) -> anyhow::Result<Vec<(&'static str, OsString)>> {
    let outside = session.outside()?;
    let mut folders = vec![session.target().join("release")];
    let path = env::var_os("PATH").unwrap_or_default();
    folders.extend(env::split_paths(&path));
    let mut maven = OsString::from("-Dmaven.repo.local=");
    maven.push(session.target().join("m2"));
    let mut settings = go::folders_of_new(&outside.join("go"))?;
    settings.extend([
        ("PATH", env::join_paths(folders)?),
        ("CARGO_TARGET_DIR", session.target().into()),
        ("PIP_CACHE_DIR", outside.join("pip").into()),
        ("PIP_DISABLE_PIP_VERSION_CHECK", "1".into()),
        ("MAVEN_OPTS", maven),
    ]);
    settings.extend(npm::settings(session)?);
    if GCC.missing().is_none() && PKG_CONFIG.missing().is_none() {
        let prefix: PathBuf = capi::install()?;
        settings.push(("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig").into()));
    }
    Ok(settings)
}

const SCRIPT: &str = "tests/outside/python/check_bridge.py";

/// grpcio at a bridge: with the token, without it, as a web page, and all four kinds of call.
pub(crate) fn bridge(session: &Session<'_>) -> anyhow::Result<Tally> {
    let interpreter = python::venv(session)?;
    let stubs = python::stubs(session, &interpreter, "proto", &["arith/v1/arith.proto"])?;
    let arith = Server::arith(session)?;
    let runtime = runtime(&arith)?;
    let mut bridge = Command::new(session.target().join("release/nearcall"))
        .args(["bridge", "arith", "--json"])
        .env("XDG_RUNTIME_DIR", runtime)
        .env_remove("NEARCALL_WORLD")
        .env_remove("NEARCALL_ADDRESS_ARITH")
        .stdout(Stdio::piped())
        .spawn()?;
    let tried = (|| {
        let mut line = String::new();
        let stdout = bridge.stdout.take().context("the bridge's output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let said: serde_json::Value = serde_json::from_str(&line).context(line.clone())?;
        let file = said["file"].as_str().context("the file of the bridge")?;
        session
            .program(interpreter)?
            .env("PYTHONPATH", stubs)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(SCRIPT)
            .arg(file)
            .succeed()
    })();
    end_family(bridge.id());
    bridge.wait()?;
    print!("{}", tried?.stdout);
    Ok(Tally::PASSED)
}

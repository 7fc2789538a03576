//! Python at nearcall: grpcio, dialled as its documentation says, and a client of the lane that is no library's.

use std::fs;
use std::path::{Path, PathBuf};

use crate::check::Session;
use crate::tally::Tally;

use super::server::Server;

const SCRIPT: &str = "tests/outside/python/check_arith.py";
const LANE_SCRIPT: &str = "tests/outside/python/check_lane.py";
const REQUIREMENTS: &str = "tests/outside/python/requirements.txt";
const CALLBACK_SCRIPT: &str = "tests/outside/python/check_callback.py";
const CALLBACK_PROTOS: &[&str] = &["nearcall/callback/v1/callback.proto"];
const CHAT_ROOT: &str = "examples/rust/callback/proto";
const CHAT_PROTOS: &[&str] = &["chat/v1/chat.proto"];
const PROTOS: &[&str] = &["arith/v1/arith.proto"];

pub(crate) fn run(session: &Session<'_>) -> anyhow::Result<Tally> {
    let python = venv(session)?;
    let stubs = stubs(session, &python, "proto", PROTOS)?;
    let arith = Server::arith(session)?;
    let plain = Server::plain_tonic(session)?;
    let ended = session
        .program(python)?
        .env("PYTHONPATH", stubs)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(SCRIPT)
        .arg(&arith.socket)
        .arg(&plain.socket)
        .succeed()?;
    print!("{}", ended.stdout);
    Ok(Tally::PASSED)
}

/// The lane as its page has it: a client that was written from that alone.
pub(crate) fn lane(session: &Session<'_>) -> anyhow::Result<Tally> {
    let python = venv(session)?;
    let stubs = stubs(session, &python, "proto", PROTOS)?;
    let arith = Server::arith(session)?;
    let ended = session
        .program(python)?
        .env("PYTHONPATH", stubs)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(LANE_SCRIPT)
        .arg(&arith.socket)
        .succeed()?;
    print!("{}", ended.stdout);
    Ok(Tally::PASSED)
}

/// Hosts a service with stock grpcio, for the server to call.
pub(crate) fn callback(session: &Session<'_>) -> anyhow::Result<Tally> {
    let python = venv(session)?;
    stubs(session, &python, "proto", CALLBACK_PROTOS)?;
    let stubs = stubs(session, &python, CHAT_ROOT, CHAT_PROTOS)?;
    let chat = Server::chat(session)?;
    let ended = session
        .program(python)?
        .env("PYTHONPATH", stubs)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(CALLBACK_SCRIPT)
        .arg(&chat.socket)
        .succeed()?;
    print!("{}", ended.stdout);
    Ok(Tally::PASSED)
}

/// A Python with the packages of the list, made anew when the list changes.
pub(super) fn venv(session: &Session<'_>) -> anyhow::Result<PathBuf> {
    let folder = session.outside()?.join("venv");
    let python = folder.join("bin/python");
    let installed = folder.join("installed.txt");
    let wanted = fs::read_to_string(session.root.join(REQUIREMENTS))?;
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    println!("setting up {}", folder.display());
    session
        .program("python3")?
        .args(["-m", "venv", "--clear"])
        .arg(&folder)
        .succeed()?;
    session
        .program(&python)?
        .args(["-m", "pip", "install", "--quiet", "--no-cache-dir"])
        .args(["--disable-pip-version-check", "--only-binary", ":all:"])
        .args(["--requirement", REQUIREMENTS])
        .succeed()?;
    fs::write(installed, wanted)?;
    Ok(python)
}

/// The folder with the Python code that grpcio's own generator makes of the files, which are named from `root`.
pub(super) fn stubs(
    session: &Session<'_>,
    python: &Path,
    root: &str,
    files: &[&str],
) -> anyhow::Result<PathBuf> {
    let folder = session.outside()?.join("python");
    fs::create_dir_all(&folder)?;
    let out = |kind: &str| format!("--{kind}={}", folder.display());
    session
        .program(python)?
        .args(["-m", "grpc_tools.protoc"])
        .arg(format!("--proto_path={root}"))
        .args([out("python_out"), out("grpc_python_out")])
        .args(files)
        .succeed()?;
    Ok(folder)
}

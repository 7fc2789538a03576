//! grpcurl, built from its Go module, at nearcall's arith.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::check::Session;
use crate::program::Ended;
use crate::tally::Tally;

use super::server::Server;

pub(crate) fn run(session: &Session<'_>) -> anyhow::Result<Tally> {
    let grpcurl = build(session)?;
    let arith = Server::arith(session)?;
    let address = format!("unix://{}", arith.socket.display());
    let call = |before: &[&str], after: &[&str]| -> anyhow::Result<Ended> {
        let program = session.program(&grpcurl)?.arg("-plaintext");
        program.args(before).arg(&address).args(after).run()
    };

    let listed = call(&[], &["list"])?;
    succeeded("list", &listed)?;
    for service in ["arith.v1.Arith", "grpc.health.v1.Health"] {
        holds("list", &listed, service)?;
    }

    let described = call(&[], &["describe", "arith.v1.Arith"])?;
    succeeded("describe", &described)?;
    holds(
        "describe",
        &described,
        "rpc Multiply ( .arith.v1.MultiplyRequest ) returns ( .arith.v1.MultiplyResponse )",
    )?;

    let multiplied = call(&["-d", r#"{"a":17,"b":8}"#], &["arith.v1.Arith/Multiply"])?;
    succeeded("Multiply", &multiplied)?;
    holds("Multiply", &multiplied, r#""product": "136""#)?;

    let divided = call(&["-d", r#"{"a":1,"b":0}"#], &["arith.v1.Arith/Divide"])?;
    ensure!(!divided.status.success(), "1 / 0: {}", divided.in_full());
    holds("1 / 0", &divided, "InvalidArgument")?;
    // The details arrive; grpcurl spells them out only for a server whose reflection knows google.rpc.
    holds("1 / 0", &divided, "google.rpc.BadRequest")?;
    Ok(Tally::PASSED)
}

fn succeeded(what: &str, ended: &Ended) -> anyhow::Result<()> {
    ensure!(ended.status.success(), "{what}: {}", ended.in_full());
    Ok(())
}

fn holds(what: &str, ended: &Ended, part: &str) -> anyhow::Result<()> {
    let found = ended.stdout.contains(part) || ended.stderr.contains(part);
    ensure!(found, "{what} should say `{part}`: {}", ended.in_full());
    println!("ok   {what}: {part}");
    Ok(())
}

/// The program, built from the module and the sums that are committed.
fn build(session: &Session<'_>) -> anyhow::Result<PathBuf> {
    let outside = session.outside()?;
    let grpcurl = outside.join("bin/grpcurl");
    session
        .program("go")?
        .folder(&session.root.join("tests/outside/grpcurl"))
        .envs(&go_folders(&outside.join("go"))?)
        .args(["build", "-o"])
        .arg(&grpcurl)
        .arg("github.com/fullstorydev/grpcurl/cmd/grpcurl")
        .succeed()?;
    Ok(grpcurl)
}

/// Everything that Go writes goes under `folder`, and can be removed by `rm`.
fn go_folders(folder: &Path) -> anyhow::Result<Vec<(&'static str, OsString)>> {
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

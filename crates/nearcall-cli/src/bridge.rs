//! `nearcall bridge`: a port on loopback before a service, for clients that can dial neither socket nor pipe.

mod file;

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use clap::Args;
use nearcall::proxy::{Proxy, Token};
use nearcall::{Address, Limits, Server};
use serde_json::json;

use crate::imp::Signals;
use crate::names::ServiceName;
use crate::output::{self, note};
use crate::schema::servers;
use crate::world::world;

pub(crate) use file::{Entry, running, sweep};

/// Limit: how long a bridge that was asked to stop waits for the calls that go through it.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Open a port on loopback for clients that can dial no socket
///
/// Every call to the port is handed on to the service, if it carries the token of this start of the bridge.
#[derive(Debug, Args)]
#[command(after_help = "\
The address and the token are in a file that only you can read, <runtime folder>/<world>/<name>.bridge.json, as JSON: \
name, address, token, pid, started. It goes with the bridge. Each call carries the token as metadata:
  authorization: Bearer TOKEN
A call without it is UNAUTHENTICATED. One from a web page, or by a host name that is not 127.0.0.1 or localhost, is \
PERMISSION_DENIED.

Examples:
  nearcall bridge arith                 a port that the system chooses, until Ctrl-C
  nearcall bridge arith --port 50051    this port")]
pub(crate) struct BridgeArgs {
    /// The service
    #[arg(value_name = "NAME")]
    name: ServiceName,
    /// The port; 0 lets the system choose
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Say where it is as one line of JSON: name, address, file, pid
    #[arg(long)]
    json: bool,
}

/// Serves the bridge until it is asked to stop.
pub(crate) async fn run(args: BridgeArgs) -> anyhow::Result<ExitCode> {
    let world = world()?;
    let mut signals = Signals::new()?;
    let target = servers::connect(args.name.as_str(), &world)
        .await
        .map_err(|error| {
            let advised = output::advised(error.to_string(), error.advice());
            anyhow::Error::new(error).context(advised)
        })?;
    let token = Token::random()?;
    let mut limits = Limits::default();
    limits.drain_timeout = DRAIN_TIMEOUT;
    let bound = Server::new(format!("http://127.0.0.1:{}", args.port))
        .proxy(Proxy::new(target.channel, token.clone()))
        .limits(limits)
        .without_signals()
        .stop_when(async move { signals.next().await })
        .bind()
        .await
        .context(output::advised(
            "cannot open a port on 127.0.0.1",
            "leave --port out, and the system chooses one that is free",
        ))?;
    let address = bound.addresses().first().map(Address::to_string);
    let entry = Entry {
        name: args.name.to_string(),
        address: address.unwrap_or_default(),
        token: token.reveal().to_owned(),
        pid: std::process::id(),
        started: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
    };
    let written = file::write(&world, &args.name, entry)?;
    say(&args, written.entry(), written.path())?;
    let drained = bound.serve().await?;
    drop(written);
    if !drained.cut.is_empty() {
        note(format_args!("{} calls were cut off", drained.cut.len()));
    }
    Ok(ExitCode::SUCCESS)
}

fn say(args: &BridgeArgs, entry: &Entry, file: &std::path::Path) -> anyhow::Result<()> {
    let file = file.display();
    if args.json {
        return output::json_line(&json!({
            "name": entry.name,
            "address": entry.address,
            "file": file.to_string(),
            "pid": entry.pid,
        }));
    }
    output::line(format_args!("{} is at {}", entry.name, entry.address))?;
    note(format_args!(
        "the token is in {file}; each call carries `authorization: Bearer TOKEN`"
    ));
    note("Ctrl-C ends the bridge");
    Ok(())
}

//! `nearcall call`: calls a method with JSON, knowing its types only from the server.

mod exchange;
mod input;
mod metadata;
mod plan;
mod size;
pub(crate) mod status;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use nearcall::Request;
use nearcall::raw::{self, CallOptions};
use prost_reflect::MethodDescriptor;
use tokio::time::Instant;

use crate::output;
use crate::schema::json::Style;
use crate::schema::servers::{self, Server};
use crate::schema::{Files, Schema};
use crate::world;

use exchange::{Exchange, Sent};
use input::{Input, Reading};
use metadata::Header;
pub(crate) use plan::USAGE;
use plan::{Failure, Plan};

/// Call a method with JSON
///
/// The server is found by the name of the service; its reflection says what the messages are.
#[derive(Debug, Args)]
#[command(
    override_usage = "nearcall call [OPTIONS] [TARGET] <METHOD> [JSON|@FILE|-]",
    after_long_help = "\
Examples:
  nearcall call arith.v1.Arith/Multiply '{\"a\":17,\"b\":8}'
  nearcall call --at unix:/tmp/other.sock shop.v1.Shop/Buy @order.json
  seq 3 | sed 's/.*/{\"number\":&}/' | nearcall call arith.v1.Arith/RunningTotal -

JSON is that of protobuf, and more readable on the way out: a 64-bit number is a number where every
JSON reader holds it exactly (up to 2^53-1 either way) and a string beyond, and fields that have
their default are shown. --strict-json prints the canonical form.

Exit status:
  0       the call ended well
  1..16   the call failed: the number is the gRPC status code (3 is INVALID_ARGUMENT, 5 NOT_FOUND)
  64      the command line is wrong, or names a service or method that is not there
  65      the JSON is wrong
  66      a file cannot be read
  69      no server, or none that says what its types are
  130     Ctrl-C: the call was cancelled
  141     the reader of the output went away"
)]
pub(crate) struct CallArgs {
    /// TARGET (if needed), METHOD, JSON: a server's name or address where the service alone does not say it; the method as
    /// package.Service/Method; the messages as JSON, @FILE, or - for stdin
    #[arg(required = true, num_args = 1..=3, value_name = "METHOD", allow_negative_numbers = true)]
    words: Vec<String>,
    /// The messages: JSON, @FILE, or - for stdin; several for methods that take a stream
    #[arg(short, long, value_name = "JSON", allow_negative_numbers = true)]
    data: Option<String>,
    /// Where the server is: a name (arith) or an address (unix:/path, http://host:port)
    #[arg(long, value_name = "TARGET")]
    at: Option<String>,
    /// Send metadata; the value of a name that ends in -bin is base64
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = metadata::parse)]
    headers: Vec<Header>,
    /// Give up after this long, as 5s or 200ms; the server is told
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    deadline: Option<Duration>,
    /// Send and take messages of at most this size, as 16M [default: 4M]
    #[arg(long, value_name = "BYTES", value_parser = size::parse)]
    max_message: Option<usize>,
    /// Show metadata and times on stderr
    #[arg(short, long)]
    verbose: bool,
    /// Tell a failed call on stderr as one line of JSON
    #[arg(long)]
    json: bool,
    /// Print the canonical JSON of protobuf
    #[arg(long)]
    strict_json: bool,
    #[command(flatten)]
    files: Files,
}

/// Calls a method and prints what comes back.
pub(crate) async fn run(args: CallArgs) -> anyhow::Result<ExitCode> {
    match call(&args).await {
        Ok(code) => Ok(code),
        // Told here, since every kind of failure has an exit status of its own.
        Err(failure) => Ok(failure.report()),
    }
}

async fn call(args: &CallArgs) -> Result<ExitCode, Failure> {
    let plan = Plan::of(&args.words, args.at.as_deref(), args.data.as_deref())?;
    let started = Instant::now();
    let server = find_server(&plan).await?;
    let connected = started.elapsed();
    let mut schema = if args.files.is_empty() {
        Schema::reflected(server.channel.clone())
    } else {
        Schema::of(args.files.pool()?)
    };
    let method = schema
        .method(plan.path.service(), plan.path.method())
        .await?;
    let options = options(args);
    let reading = Reading {
        descriptor: method.input(),
        message_max: options.message_max,
    };
    let (requests, failed) = if method.is_client_streaming() {
        let input = match plan.input {
            Input::Nothing => Input::Stdin,
            given => given,
        };
        note_stdin(&input);
        let outgoing = reading.stream(input);
        (Sent::Stream(outgoing.messages), Some(outgoing.failed))
    } else {
        note_stdin(&plan.input);
        let message = reading.one(plan.input, method.name()).await?;
        (Sent::One(message), None)
    };
    let mut request = Request::new(requests.into_stream());
    metadata::add(&args.headers, request.metadata_mut());
    if args.verbose {
        show_request(&server, &method, &request, connected);
    }
    Exchange {
        schema: &mut schema,
        method: &method,
        style: Style {
            strict: args.strict_json,
        },
        verbose: args.verbose,
        json: args.json,
    }
    .run(
        raw::call(server.channel, &plan.path, request, options),
        failed,
    )
    .await
}

async fn find_server(plan: &Plan) -> Result<Server, Failure> {
    let world = world::world()?;
    let server = match &plan.target {
        Some(target) => servers::connect(target, &world).await?,
        None => servers::serving(plan.path.service(), &world).await?,
    };
    Ok(server)
}

fn options(args: &CallArgs) -> CallOptions {
    let mut options = CallOptions::default();
    if let Some(deadline) = args.deadline {
        options = options.deadline(deadline);
    }
    if let Some(bytes) = args.max_message {
        options = options.message_max(bytes);
    }
    options
}

/// Says what is waited for where a person would wonder.
fn note_stdin(input: &Input) {
    if *input == Input::Stdin && std::io::stdin().is_terminal() {
        output::note("reading messages from stdin, as JSON; Ctrl-D ends them");
    }
}

fn show_request<T>(
    server: &Server,
    method: &MethodDescriptor,
    request: &Request<T>,
    connected: Duration,
) {
    output::note(format!("* connected to {} in {connected:.1?}", server.name));
    output::note(format!(
        "> /{}/{}",
        method.parent_service().full_name(),
        method.name()
    ));
    for line in metadata::lines(request.metadata()) {
        output::note(format!("> {line}"));
    }
}

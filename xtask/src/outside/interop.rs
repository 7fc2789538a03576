//! The public gRPC interop cases: grpc-go's own interop client and a client of grpcio, at a service of nearcall.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::ensure;

use crate::check::Session;
use crate::tally::Tally;

use super::server::Server;
use super::{go, python};

const GO_MODULE: &str = "tests/outside/interop/go";
const GO_PACKAGE: &str = "google.golang.org/grpc/interop/client";

const SCRIPT: &str = "tests/outside/interop/python/interop_client.py";
const PROTO_ROOT: &str = "crates/nearcall-testkit/proto";
const PROTOS: &[&str] = &[
    "grpc/testing/empty.proto",
    "grpc/testing/messages.proto",
    "grpc/testing/test.proto",
];

/// Limit: how long one client may take: for one case in Go, for all of them in Python.
const CLIENT_LIMIT: Duration = Duration::from_secs(120);

/// Every case that needs neither credentials, nor compression, nor a server of a special kind.
const CASES: &[&str] = &[
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "cancel_after_begin",
    "cancel_after_first_response",
    "timeout_on_sleeping_server",
    "status_code_and_message",
    "special_status_message",
    "unimplemented_method",
    "unimplemented_service",
    "custom_metadata",
    "pick_first_unary",
    "rpc_soak",
    "channel_soak",
];

/// What became of one client's cases: none where all is well, else why not.
type Results = BTreeMap<&'static str, Option<String>>;

pub(crate) fn run(session: &Session<'_>) -> anyhow::Result<Tally> {
    let server = Server::interop(session)?;
    let address = format!("unix://{}", server.socket.display());
    let clients = [
        ("grpc-go", grpc_go(session, &address)?),
        ("grpcio", grpcio(session, &address)?),
    ];
    print!("{}", table(&clients));
    Ok(tally(&clients))
}

/// One process for each case, as the client has it.
fn grpc_go(session: &Session<'_>, address: &str) -> anyhow::Result<Results> {
    let client = go::build(session, GO_MODULE, GO_PACKAGE, "interop-client")?;
    let mut results = Results::new();
    for case in CASES {
        // Port 0 leaves the host as it is: the address whole.
        let ended = session
            .program(&client)?
            .at_most(CLIENT_LIMIT)
            .arg(format!("--server_host={address}"))
            .args(["--server_port=0", "--use_tls=false"])
            .arg(format!("--test_case={case}"))
            .run();
        let failure = match ended {
            Ok(ended) if ended.status.success() => None,
            Ok(ended) => Some(ended.in_full()),
            Err(error) => Some(format!("{error:#}")),
        };
        results.insert(case, failure);
    }
    Ok(results)
}

fn grpcio(session: &Session<'_>, address: &str) -> anyhow::Result<Results> {
    let python = python::venv(session)?;
    let stubs = python::stubs(session, &python, PROTO_ROOT, PROTOS)?;
    let ended = session
        .program(python)?
        .at_most(CLIENT_LIMIT)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args([SCRIPT, address])
        .arg(stubs)
        .args(CASES)
        .run()?;
    let results = read(&ended.stdout);
    let all_ok = results.values().all(Option::is_none);
    // Otherwise what failed is named in the table.
    ensure!(ended.status.success() || !all_ok, "{}", ended.in_full());
    if ended.stdout.is_empty() {
        println!("{}", ended.in_full());
    }
    Ok(results)
}

/// The lines of the client: `ok <case>` or `FAIL <case>: <why>`. A case without a line has failed.
fn read(output: &str) -> Results {
    let result = |case: &&'static str| {
        let found = output.lines().find_map(|line| {
            let (verdict, rest) = line.split_once(' ')?;
            match (verdict, rest.strip_prefix(case)?) {
                ("ok", "") => Some(None),
                ("FAIL", why) => Some(Some(why.strip_prefix(": ")?.to_owned())),
                _ => None,
            }
        });
        (
            *case,
            found.unwrap_or_else(|| Some("the client says nothing of it".to_owned())),
        )
    };
    CASES.iter().map(result).collect()
}

fn table(clients: &[(&str, Results)]) -> String {
    let mut table = format!("{:<30}", "case");
    for (client, _) in clients {
        write!(table, "{client:<10}").ok();
    }
    let mut failures = String::new();
    for case in CASES {
        table.truncate(table.trim_end().len());
        write!(table, "\n{case:<30}").ok();
        for (client, results) in clients {
            let failure = results.get(case).and_then(Option::as_ref);
            let verdict = if failure.is_none() { "ok" } else { "FAILED" };
            write!(table, "{verdict:<10}").ok();
            if let Some(failure) = failure {
                writeln!(failures, "{case} by {client}: {failure}").ok();
            }
        }
    }
    format!("{}\n{failures}", table.trim_end())
}

fn tally(clients: &[(&str, Results)]) -> Tally {
    let mut tally = Tally::default();
    for result in clients.iter().flat_map(|(_, results)| results.values()) {
        tally += if result.is_none() {
            Tally::PASSED
        } else {
            Tally::FAILED
        };
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_a_result() {
        let results = read("ok empty_unary\nFAIL ping_pong: no answer: none\nok empty_stream2\n");
        let check = |case, expected: Option<&str>| {
            assert_eq!(results[case].as_deref(), expected, "{case}");
        };
        check("empty_unary", None);
        check("ping_pong", Some("no answer: none"));
        check("empty_stream", Some("the client says nothing of it"));
        assert_eq!(results.len(), CASES.len());

        let clients = [("a", results), ("b", read(&all_ok()))];
        let failed = CASES.len() as u64 - 1;
        let found = tally(&clients);
        assert_eq!(
            (found.passed, found.failed),
            (CASES.len() as u64 + 1, failed)
        );
        assert!(table(&clients).contains("ping_pong by a: no answer: none\n"));
    }

    #[test]
    fn the_page_has_every_case() {
        let page = include_str!("../../../docs/interop.md");
        for case in CASES {
            assert!(page.contains(&format!("\n| `{case}` | ")), "{case}");
        }
    }

    fn all_ok() -> String {
        CASES.iter().map(|case| format!("ok {case}\n")).collect()
    }
}

//! What is here to write services and clients with. None of it is needed to run them.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::Finding;

/// How long a tool may take to say its version.
const VERSION_WAIT: Duration = Duration::from_secs(5);

/// What to run, and what it is good for.
const TOOLS: [(&str, &[&str], &str); 6] = [
    ("cargo", &["cargo", "--version"], "Rust"),
    ("go", &["go", "version"], "Go"),
    ("python3", &["python3", "--version"], "Python"),
    (
        "grpcio",
        &[
            "python3",
            "-c",
            "import grpc; print('grpcio', grpc.__version__)",
        ],
        "Python; `pip install grpcio` brings it",
    ),
    ("node", &["node", "--version"], "JavaScript"),
    ("java", &["java", "-version"], "Java"),
];

pub(super) async fn check() -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, command, purpose) in TOOLS {
        let found = version(command)
            .await
            .unwrap_or_else(|| format!("not here; only needed for {purpose}"));
        findings.push(Finding::ok(name, found));
    }
    findings
}

/// The first line that a tool says about itself.
async fn version(command: &[&str]) -> Option<String> {
    let (program, arguments) = command.split_first()?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = timeout(VERSION_WAIT, command.output()).await.ok()?.ok()?;
    // Java says it on the other stream.
    let said = [output.stdout, output.stderr].concat();
    let line = String::from_utf8_lossy(&said)
        .lines()
        .next()?
        .trim()
        .to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}

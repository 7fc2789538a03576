//! The first minutes of a newcomer: the demo, then a service brought up, seen, called and taken down.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::check::Session;
use crate::program::Ended;
use crate::tally::Tally;

use super::server::{LOGS, in_runtime, runtime_folder};

/// Limit: how long `nearcall down` may leave the process of a service behind after it has said that it is done.
const GONE_LIMIT: Duration = Duration::from_secs(2);

pub(crate) fn run(session: &Session<'_>) -> anyhow::Result<Tally> {
    let runtime = runtime_folder()?;
    let demo = session.cargo()?.args(["run", "--release", "--", "demo"]);
    in_runtime(demo, runtime.path()).succeed()?;
    println!("ok   the demo ends well");
    left_nothing(runtime.path()).context("after the demo")?;

    let nearcall = |args: &[&str]| -> anyhow::Result<Ended> {
        let program = session.target().join("release/nearcall");
        in_runtime(session.program(program)?, runtime.path())
            .args(args)
            .run()
    };
    let outcome = up_to_down(&nearcall);
    if outcome.is_err() {
        // Whatever came up has to go down; the first error is the one to show.
        nearcall(&["down"]).ok();
    }
    let pid = outcome?;
    gone(pid)?;
    left_nothing(runtime.path()).context("after `nearcall down`")?;
    println!("ok   nothing is left in the runtime folder, and no process");
    Ok(Tally::PASSED)
}

/// From `nearcall up` to `nearcall down`; answers with the process id that the service had.
fn up_to_down(nearcall: &impl Fn(&[&str]) -> anyhow::Result<Ended>) -> anyhow::Result<u64> {
    let succeed = |args: &[&str]| {
        let ended = nearcall(args)?;
        ensure!(ended.status.success(), "{}", ended.in_full());
        Ok(ended)
    };
    succeed(&["up", "-d"])?;
    println!("ok   nearcall up -d");

    let listed = succeed(&["ps", "--json"])?;
    let arith = named(&listed.stdout, "arith").with_context(|| listed.in_full())?;
    let shown = arith.to_string();
    ensure!(
        shown.contains("SERVING"),
        "arith should be SERVING: {shown}"
    );
    let address = arith["address"].as_str().unwrap_or_default();
    ensure!(
        address.starts_with("unix:/"),
        "arith should have an address `unix:/…`: {shown}"
    );
    let pid = arith["pid"].as_u64();
    let pid = pid.with_context(|| format!("arith should have a pid: {shown}"))?;
    ensure!(
        is_running(pid),
        "process {pid} of arith should run: {shown}"
    );
    println!("ok   nearcall ps --json: {shown}");

    let ended = succeed(&["call", "arith.v1.Arith/Multiply", r#"{"a":17,"b":8}"#])?;
    let answer: Value = serde_json::from_str(&ended.stdout).with_context(|| ended.in_full())?;
    ensure!(answer == json!({"product": 136}), "{}", ended.in_full());
    println!("ok   17 x 8 is {}", ended.stdout.trim());

    let ended = nearcall(&["call", "arith.v1.Arith/Divide", r#"{"a":1,"b":0}"#])?;
    ensure!(!ended.status.success(), "1 / 0: {}", ended.in_full());
    let said = format!("{}{}", ended.stdout, ended.stderr);
    let names_field = said
        .split(|char: char| !char.is_alphanumeric())
        .any(|word| word == "b");
    ensure!(
        said.contains("INVALID_ARGUMENT") && names_field,
        "1 / 0 should be INVALID_ARGUMENT and name the field `b`: {}",
        ended.in_full()
    );
    println!("ok   1 / 0 is INVALID_ARGUMENT for `b`");

    succeed(&["down"])?;
    println!("ok   nearcall down");
    Ok(pid)
}

/// The object with this `name`, wherever it stands in `text`, which is one JSON value or one on each line.
fn named(text: &str, name: &str) -> Option<Value> {
    let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    values.flatten().find_map(|value| find(&value, name))
}

fn find(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::Object(fields) if fields.get("name").is_some_and(|found| found == name) => {
            Some(value.clone())
        }
        Value::Object(fields) => fields.values().find_map(|value| find(value, name)),
        Value::Array(values) => values.iter().find_map(|value| find(value, name)),
        _ => None,
    }
}

fn is_running(pid: u64) -> bool {
    // proc_pid_stat(5): the state follows the name in brackets; a zombie has ended.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn gone(pid: u64) -> anyhow::Result<()> {
    let bound = Instant::now() + GONE_LIMIT;
    while is_running(pid) {
        ensure!(Instant::now() < bound, "process {pid} of arith still runs");
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// No file, at any depth; folders may stay, and so may logs, which are there to be read afterwards.
fn left_nothing(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == LOGS {
            continue;
        }
        ensure!(
            entry.file_type()?.is_dir(),
            "{} was left behind",
            entry.path().display()
        );
        left_nothing(&entry.path())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_found_in_any_layout() {
        let check = |text: &str, expected: Option<u64>| {
            let pid = named(text, "arith").and_then(|arith| arith["pid"].as_u64());
            assert_eq!(pid, expected, "{text}");
        };
        check(
            r#"[{"name":"world","pid":1},{"name":"arith","pid":2}]"#,
            Some(2),
        );
        check(r#"{"services":[{"name":"arith","pid":3}]}"#, Some(3));
        check(
            "{\"name\":\"world\"}\n{\"name\":\"arith\",\"pid\":4}\n",
            Some(4),
        );
        check(r#"[{"name":"world","pid":1}]"#, None);
        check("", None);
    }

    #[test]
    fn a_file_left_behind_is_found() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        assert!(left_nothing(folder.path()).is_ok());
        fs::create_dir(folder.path().join(LOGS)).unwrap();
        fs::write(folder.path().join(LOGS).join("arith.log"), "").unwrap();
        assert!(left_nothing(folder.path()).is_ok());
        fs::write(folder.path().join("a/b/arith.sock"), "").unwrap();
        assert!(left_nothing(folder.path()).is_err());
    }
}

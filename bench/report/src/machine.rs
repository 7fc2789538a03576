//! What the figures were measured on, in general terms.

use std::fs;
use std::process::Command;
use std::thread;

/// Cores, kernel and compilers, as a line of prose; nothing that names the machine.
#[must_use]
pub fn machine() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut parts = vec![format!("{cores} {}", plural(cores))];
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    if let Some((_, model)) = cpuinfo.lines().find_map(|line| {
        line.split_once(':')
            .filter(|(key, _)| key.trim() == "model name")
    }) {
        parts.push(model.trim().to_owned());
    }
    if let Ok(kernel) = fs::read_to_string("/proc/sys/kernel/osrelease") {
        // What follows the number is the builder's own.
        let number = kernel.trim().split('-').next().unwrap_or_default();
        parts.push(format!("Linux {number}"));
    }
    for (program, arg) in [
        ("rustc", "-V"),
        ("go", "version"),
        ("g++", "-dumpfullversion"),
    ] {
        if let Some(said) = first_line(program, arg) {
            parts.push(match program {
                "g++" => format!("g++ {said}"),
                // `rustc 1.95.0 (… )`, `go version go1.26.8 linux/amd64`.
                "rustc" => said.split(" (").next().unwrap_or_default().to_owned(),
                _ => format!(
                    "Go {}",
                    said.split("go")
                        .nth(2)
                        .unwrap_or_default()
                        .split(' ')
                        .next()
                        .unwrap_or_default()
                ),
            });
        }
    }
    parts.join(", ")
}

/// How many threads wanted to run in the minute before, as a line of prose: what else the machine was doing.
#[must_use]
pub fn busy() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    match text.split(' ').next() {
        Some(load) if !load.is_empty() => format!("a load average of {load} before the start"),
        _ => "a load average that the system does not tell".to_owned(),
    }
}

fn plural(cores: usize) -> &'static str {
    if cores == 1 {
        "logical core"
    } else {
        "logical cores"
    }
}

fn first_line(program: &str, arg: &str) -> Option<String> {
    let output = Command::new(program).arg(arg).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(str::to_owned)
}

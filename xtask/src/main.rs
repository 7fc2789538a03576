//! The project's own tasks: `cargo xtask help` lists them.
//!
//! `test` and `ci` are made of named checks ([`check`]), `tidy` of rules over the files of the checkout
//! ([`tidy`]). Nothing here is needed to build or use nearcall.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a task finds out is shown on the terminal"
)]

use std::ffi::OsString;
use std::process::ExitCode;

use check::Selection;
use lexopt::prelude::{Long, Short, Value, ValueExt as _};

mod bench;
mod capi;
mod check;
mod ci;
mod codegen;
mod failures;
mod fuzz;
mod other_systems;
#[cfg(unix)]
mod outside;
mod program;
mod side;
mod soak;
mod tally;
mod test;
mod tidy;
mod windows;

const HELP: &str = "\
The project's own tasks.

cargo xtask test [--only NAME]... [--list]   every test, then the checks by stock tools
cargo xtask test --windows                   the suites that run on Windows, by Wine; see .ci/windows-kit
cargo xtask ci   [--only NAME]... [--list]   formatting, lints, docs, tidy, a short run of the benchmarks
cargo xtask tidy [--only NAME]... [--list]   the rules that a machine can hold
cargo xtask capi [--header | --check]        the C library as it is installed, under target/capi; or its header alone
cargo xtask capi --windows                   the C library of Windows, under target/capi-windows; see .ci/windows-kit
cargo xtask codegen [--check]                write what is generated from proto/, or see whether it is up to date
cargo xtask bench [--list | NAME [ARG]...]   the benchmarks of bench/
cargo xtask fuzz [--list | NAME [ARG]...]    the fuzz targets of fuzz/
cargo xtask soak [--list | NAME [--minutes N]]  what tests try for seconds, for ten minutes or N
";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Carries out the task that the command line names; `false` when something did not hold.
fn run() -> anyhow::Result<bool> {
    let mut args = lexopt::Parser::from_env();
    let task = match args.next()? {
        None | Some(Long("help") | Short('h')) => "help".to_owned(),
        Some(Value(task)) => task.string()?,
        Some(other) => return Err(other.unexpected().into()),
    };
    match task.as_str() {
        "test" => test::run(&selection(args, true)?),
        "ci" => ci::run(&selection(args, false)?),
        "tidy" => tidy::run(&selection(args, false)?),
        "codegen" => codegen::run(flag(args, "check")?).map(|()| true),
        "capi" => capi(args).map(|()| true),
        "bench" => bench::run(&rest(args)?),
        "soak" => soak::run(args),
        "fuzz" => fuzz::run(&rest(args)?),
        "help" => {
            print!("{HELP}");
            Ok(true)
        }
        other => anyhow::bail!("there is no task `{other}`\n\n{HELP}"),
    }
}

/// The library as it is installed, or its header: written, or compared with what is committed.
fn capi(mut args: lexopt::Parser) -> anyhow::Result<()> {
    match args.next()? {
        None => {
            capi::header(false)?;
            let prefix = capi::install()?;
            println!("{}", prefix.display());
            Ok(())
        }
        Some(Long("windows")) => {
            println!("{}", capi::windows::release()?.display());
            Ok(())
        }
        Some(Long("header")) => capi::header(false),
        Some(Long("check")) => capi::header(true),
        Some(other) => Err(other.unexpected().into()),
    }
}

fn selection(mut args: lexopt::Parser, may_be_windows: bool) -> anyhow::Result<Selection> {
    let mut selection = Selection::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("only") => {
                let names = args.values()?.map(|name| name.string());
                for name in names {
                    selection.only.push(name?);
                }
            }
            Long("list") => selection.list = true,
            Long("windows") if may_be_windows => selection.windows = true,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(selection)
}

fn flag(mut args: lexopt::Parser, name: &str) -> anyhow::Result<bool> {
    let mut given = false;
    while let Some(arg) = args.next()? {
        match arg {
            Long(long) if long == name => given = true,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(given)
}

fn rest(mut args: lexopt::Parser) -> anyhow::Result<Vec<OsString>> {
    Ok(args.raw_args()?.collect())
}

//! The `nearcall` command: start, see, describe and call the services of this machine.
//!
//! Reading order: [`args`] says what can be asked, one module per command answers, [`supervise`] is the machine behind
//! `up`, and [`control`] is the gRPC service by which `down`, `ps` and `up -d` speak to it.

mod args;
mod bridge;
mod building;
mod call;
mod completions;
mod config;
mod control;
mod demo;
mod describe;
mod dial;
mod doctor;
mod down;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod frames;
mod imp;
mod list;
mod log_file;
mod logs;
mod names;
mod new;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod no_frames;
mod output;
mod probe;
mod proto_folder;
mod ps;
mod registered;
mod restart;
mod schema;
mod session;
mod state_folder;
mod supervise;
mod terminal;
mod up;
mod world;

use std::process::ExitCode;

use args::{Cli, Command};
use clap::Parser as _;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use no_frames as frames;

fn main() -> ExitCode {
    imp::begin();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return args::refuse(&error),
    };
    let outcome = runtime().and_then(|runtime| {
        args::remember_world(cli.world);
        let outcome = runtime.block_on(run(cli.command));
        // A reader of stdin that is still blocked must not hold the command back.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(code) => code,
        Err(error) => output::report(&error),
    }
}

/// One thread is enough, and supervision relies on it: a child that dies with its parent dies with the *thread* that
/// started it, so children must be started by the thread that lives as long as the process.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::New(args) => new::run(&args),
        Command::Up(args) => up::run(args).await,
        Command::Ps(args) => ps::run(args).await,
        Command::Logs(args) => logs::run(args).await,
        Command::Restart(args) => restart::run(args).await,
        Command::Down(args) => down::run(args).await,
        Command::List(args) => list::run(args).await,
        Command::Describe(args) => describe::run(args).await,
        Command::Call(args) => call::run(args).await,
        Command::Dial(args) => dial::run(args).await,
        Command::Frames(args) => frames::run(args).await,
        Command::Bridge(args) => bridge::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Completions(args) => completions::run(&args),
    }
}

//! `nearcall completions`: completion scripts.

use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::args::Cli;
use crate::output;

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nearcall completions bash > ~/.local/share/bash-completion/completions/nearcall
  nearcall completions zsh > ~/.zfunc/_nearcall
  nearcall completions fish > ~/.config/fish/completions/nearcall.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell to write for
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "nearcall", &mut script);
    output::bytes(&script)?;
    Ok(ExitCode::SUCCESS)
}

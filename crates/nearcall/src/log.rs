//! Log lines for services that set up none of their own.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Writes log lines to standard error: those of level `info` and above, or what `RUST_LOG` says. Does nothing where the
/// program has a subscriber already.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .finish();
    let _ = tracing_subscriber::util::SubscriberInitExt::try_init(subscriber);
}

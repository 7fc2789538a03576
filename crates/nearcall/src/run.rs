//! The two calls that a first program makes.

use std::future::Future;

use nearcall_rpc::{Channel, ConnectError};

/// Connects to a name, such as `arith` or `arena/arith`, or to an address, such as `unix:/tmp/arith.sock`. What comes
/// back is what a generated client is made of; it reconnects by itself. [`Channel::builder`] has the settings.
///
/// # Errors
///
/// The target says no place, nobody is there, or who is there is not who may be.
pub async fn connect(target: impl Into<String>) -> Result<Channel, ConnectError> {
    Channel::connect(target).await
}

/// Runs a program's future on a tokio runtime of its own, with one worker thread per core: `#[tokio::main]` for programs
/// that name no crate but this one.
///
/// # Panics
///
/// The system gives no threads or no file descriptors for the runtime, or a runtime is already running on this thread.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime
        .expect("the system has no resources for a runtime")
        .block_on(future)
}

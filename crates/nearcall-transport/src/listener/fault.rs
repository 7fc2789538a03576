//! What becomes of a listener whose accept failed.

use std::io;

use crate::imp;
use crate::limits::ACCEPT_BACKOFF;

/// How far an error of `accept` goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// To the one connection that was being accepted.
    Connection,
    /// To this moment: the process or the system is out of something.
    Moment,
    /// To the listener.
    #[cfg_attr(
        windows,
        expect(dead_code, reason = "a pipe's listener makes its next instance anew")
    )]
    Listener,
}

/// Waits where that helps, so that the caller accepts again; or gives the error back, where nothing helps.
pub(crate) async fn recover(error: io::Error) -> io::Result<()> {
    match imp::accept_fault(&error) {
        Fault::Connection => {
            tracing::debug!(%error, "a connection broke before it was accepted");
            Ok(())
        }
        Fault::Moment => {
            tracing::warn!(%error, wait = ?ACCEPT_BACKOFF, "cannot accept a connection now; trying again");
            tokio::time::sleep(ACCEPT_BACKOFF).await;
            Ok(())
        }
        Fault::Listener => Err(error),
    }
}

//! What tells a process to stop.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;

#[cfg(unix)]
use unix as imp;
#[cfg(windows)]
use windows as imp;

use imp::Sources;

pub(crate) use imp::NAMES;

/// All that there are, from the moment this is made; or none, where they are not the server's business.
#[derive(Debug)]
pub(crate) struct Signals(Option<Sources>);

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(Some(Sources::new()?)))
    }

    /// None ever comes, and the process ends at one as if there were no server in it.
    pub(crate) const fn ignored() -> Self {
        Self(None)
    }

    /// The name of the next one that comes.
    pub(crate) async fn next(&mut self) -> &'static str {
        match &mut self.0 {
            Some(sources) => sources.next().await,
            None => std::future::pending().await,
        }
    }
}

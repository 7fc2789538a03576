//! Where frames do not come by files.

use std::convert::Infallible;

use super::NextError;
use super::opening::Granted;
use super::streamed::StartFault;

/// The file of a subscription.
#[derive(Debug)]
pub(super) struct Filed(Infallible);

impl Filed {
    /// There is none: the server was told so.
    pub(super) fn open(_granted: &Granted) -> Result<Self, StartFault> {
        Err(StartFault::File("this system reads frames from none"))
    }

    pub(super) fn read(&self, _seq: u64, _offset: u64, _length: u64) -> Result<Vec<u8>, NextError> {
        match self.0 {}
    }
}

//! What a caller asked for, read from the structs of the header.

use std::time::Duration;

use nearcall::metadata::MetadataMap;
use nearcall::raw::{CallOptions, MESSAGE_MAX};
use nearcall::{Request, WaitForReady};

use crate::abi::{NEARCALL_FOREVER, NEARCALL_WAIT_FOR_READY, nearcall_call_options};
use crate::fault::Fault;
use crate::metadata::to_send;

/// A time in milliseconds: none for ever, the default for 0.
pub(crate) fn time(milliseconds: u64, default: Option<Duration>) -> Option<Duration> {
    match milliseconds {
        0 => default,
        NEARCALL_FOREVER => None,
        some => Some(Duration::from_millis(some)),
    }
}

/// Refuses flags of a later version.
pub(crate) fn flags(found: u32, known: u32) -> Result<u32, Fault> {
    if found & !known == 0 {
        return Ok(found);
    }
    Err(Fault::Argument(format!(
        "expected flags within {known:#x}, found {found:#x}"
    )))
}

/// How one call is made.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) options: CallOptions,
    metadata: MetadataMap,
    wait_for_ready: bool,
}

impl Call {
    pub(crate) fn new(
        asked: &nearcall_call_options,
        deadline: Option<Duration>,
    ) -> Result<Self, Fault> {
        let flags = flags(asked.flags, NEARCALL_WAIT_FOR_READY)?;
        let message_max = match usize::try_from(asked.message_max) {
            Ok(0) => MESSAGE_MAX,
            Ok(some) => some,
            Err(_) => usize::MAX,
        };
        Ok(Self {
            options: CallOptions {
                deadline: time(asked.deadline_ms, deadline),
                message_max,
            },
            metadata: to_send(asked.metadata)?,
            wait_for_ready: flags & NEARCALL_WAIT_FOR_READY != 0,
        })
    }

    /// A request with what goes along with it.
    pub(crate) fn request<T>(self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        *request.metadata_mut() = self.metadata;
        if self.wait_for_ready {
            request.extensions_mut().insert(WaitForReady(true));
        }
        request
    }
}

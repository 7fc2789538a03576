//! What the `parity:` transport needs of a system, for a pipe.

use std::io;
use std::path::Path;

use crate::limits::{CONNECT_RETRY_MAX, CONNECT_RETRY_MIN};
use crate::path_limit::NameTooLong;
use crate::{Address, BindError};

/// What lies before the path of an endpoint in the name of the mutex that says who has it.
const MUTEX_PREFIX: &str = "nearcall.parity.";

/// The right to an endpoint, held for as long as the listener lives.
#[derive(Debug)]
pub(crate) struct Claim {
    _claim: nearcall_sys::claim::Claim,
}

impl Claim {
    pub(crate) async fn take(
        path: &Path,
        address: &Address,
        _owner: &str,
    ) -> Result<Self, BindError> {
        // Names of pipes are the same in capitals, and a backslash has its meaning in the name of a mutex.
        let name = path.display().to_string().to_lowercase().replace('\\', "/");
        match nearcall_sys::claim::Claim::take(&format!("{MUTEX_PREFIX}{name}")) {
            Ok(Some(claim)) => Ok(Self { _claim: claim }),
            Ok(None) => Err(BindError::InUse {
                address: address.clone(),
                name: None,
                pid: None,
            }),
            Err(source) => Err(BindError::Io {
                address: address.clone(),
                source,
            }),
        }
    }
}

/// The length of a pipe's name is looked at when an address is parsed.
pub(crate) fn checked_path(_path: &Path) -> Result<(), NameTooLong> {
    Ok(())
}

/// Connects as often as it takes to find an instance that is free. The caller bounds the time.
pub(crate) async fn patiently<T, F>(mut connect: impl FnMut() -> F) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut wait = CONNECT_RETRY_MIN;
    loop {
        match connect().await {
            Err(error) if nearcall_sys::pipe::is_busy(&error) => {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(CONNECT_RETRY_MAX);
            }
            connected => return connected,
        }
    }
}

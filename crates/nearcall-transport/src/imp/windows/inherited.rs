//! A connected pipe from the parent process.

use nearcall_sys::pipe::{self, End};

use super::identity::{accepted, dialed};
use crate::inherit::InheritError;
use crate::{Connection, Transport};

pub(crate) fn take_inherited(number: Option<u32>) -> Result<Connection, InheritError> {
    let handle = nearcall_sys::inherit::take(number)?;
    match pipe::adopt(handle).map_err(InheritError::Io)? {
        Some(End::Server(server)) => Ok(accepted(server, Transport::Inherit)),
        Some(End::Client(client)) => Ok(dialed(client, Transport::Inherit)),
        None => Err(InheritError::NotAStream {
            found: "none".to_owned(),
        }),
    }
}

//! A pipe that somebody else made first.

use nearcall_sys::descriptor::OwnerOnly;
use nearcall_sys::{identity, pipe};
use nearcall_transport::Address;
use tokio::net::windows::named_pipe::NamedPipeServer;

use nearcall::tokio;

/// A user that no machine knows.
pub const STRANGER: &str = "S-1-5-21-1-2-3-1009";

/// Makes the first instance of a pipe as if it were another user's, whom everybody may connect to.
///
/// # Panics
///
/// This process's user may not give things away, as an administrator may; that is no address of a pipe; or it is not called
/// within a runtime.
#[must_use]
pub fn squat(address: &str, owner: &str) -> NamedPipeServer {
    let address: Address = address.parse().expect("an address");
    let Address::Pipe(name) = address else {
        panic!("expected a pipe, found {address}");
    };
    identity::allow_giving_away().expect("an administrator runs this");
    let descriptor = OwnerOnly::of_another(owner).expect("an identifier");
    pipe::instance(&name, true, &descriptor, None).expect("an administrator runs this")
}

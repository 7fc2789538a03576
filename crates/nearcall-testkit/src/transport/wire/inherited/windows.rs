//! A pipe, whose far end is taken as if it had been inherited.

use std::process::Command;

use nearcall_transport::inherit::{InheritError, TakeError, VARIABLE};
use nearcall_transport::{Address, ConnectError, Connection, child};

/// Limit: how many numbers are tried. The system hands out those of closed handles again, which a process that was given
/// them would not see.
const ATTEMPTS: usize = 64;

pub(in crate::transport) async fn pair() -> (Connection, Connection) {
    for _ in 0..ATTEMPTS {
        let (near, end) = child::pair().expect("a pipe");
        let mut command = Command::new("none");
        let passed = end.pass_to(&mut command);
        let number = command
            .get_envs()
            .find_map(|(name, value)| (name == VARIABLE).then_some(value?))
            .and_then(|number| number.to_str()?.parse().ok())
            .expect("the number is said");
        #[expect(
            clippy::mem_forget,
            reason = "what is inherited is owned by nobody until it is taken"
        )]
        std::mem::forget(passed);
        match Connection::connect(&Address::Inherit(Some(number))).await {
            Ok(far) => return (far, near),
            Err(ConnectError::Inherit(InheritError::Take(TakeError::Taken { .. }))) => {}
            Err(error) => panic!("the handle cannot be inherited: {error}"),
        }
    }
    panic!("all {ATTEMPTS} numbers were taken before");
}

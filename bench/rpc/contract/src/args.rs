//! The command line of a peer.

use std::time::Duration;

use crate::Result;

/// What a peer was started for.
#[derive(Debug)]
pub struct Peer {
    /// Which of its ways the peer is to use, where it has several; empty otherwise.
    pub variant: String,
    pub role: Role,
}

/// Which end.
#[derive(Debug)]
pub enum Role {
    /// Serves here until it is killed.
    Server {
        address: String,
    },
    Client(Load),
}

/// What a client is to do.
#[derive(Debug, Clone)]
pub struct Load {
    /// What the server said after `listening`.
    pub address: String,
    /// Bytes, each way.
    pub payload: usize,
    /// Calls under way at once.
    pub in_flight: usize,
    /// How long the lap that counts takes.
    pub time: Duration,
}

impl Peer {
    /// Reads the process's arguments.
    ///
    /// # Errors
    ///
    /// They are none of the two forms of the contract.
    pub fn from_args() -> Result<Self> {
        let mut args = std::env::args().skip(1);
        let (role, address) = (args.next(), args.next());
        let mut variant = String::new();
        let (mut payload, mut in_flight, mut seconds) = (32, 1, 1.0);
        while let Some(option) = args.next() {
            let value = args
                .next()
                .ok_or_else(|| format!("{option} has no value"))?;
            match &*option {
                "--variant" => variant = value,
                "--payload" => payload = value.parse()?,
                "--in-flight" => in_flight = value.parse()?,
                "--seconds" => seconds = value.parse()?,
                _ => return Err(format!("{option} is no option").into()),
            }
        }
        let role = match (role.as_deref(), address) {
            (Some("server"), Some(address)) => Role::Server { address },
            (Some("client"), Some(address)) => Role::Client(Load {
                address,
                payload,
                in_flight,
                time: Duration::try_from_secs_f64(seconds)?,
            }),
            _ => return Err("expected `server ADDRESS` or `client ADDRESS`, and options".into()),
        };
        Ok(Self { variant, role })
    }
}

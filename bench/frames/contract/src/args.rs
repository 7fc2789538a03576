//! The command line of a peer.

use std::time::Duration;

use crate::{Reads, Result, Writes};

const FORMS: &str = "expected `writer ADDRESS`, `reader ADDRESS` or `alone ADDRESS`, and options";

/// What a peer of two processes says to being both.
pub const ALONE: &str = "this peer is made of two processes";

/// What a peer was started for.
#[derive(Debug)]
pub struct Peer {
    /// The path of a socket or a file, or the end of a name, that nobody else uses.
    pub address: String,
    /// Which of its ways the peer is to use, where it has several; empty otherwise.
    pub variant: String,
    /// Bytes of each frame, a multiple of eight.
    pub payload: usize,
    /// How many readers there are.
    pub readers: usize,
    pub role: Role,
}

/// Which end.
#[derive(Debug)]
pub enum Role {
    Writer(Writes),
    Reader(Reads),
    /// Both in one process.
    Alone(Writes, Reads),
}

impl Peer {
    /// Reads the process's arguments.
    ///
    /// # Errors
    ///
    /// They are none of the forms of the contract.
    pub fn from_args() -> Result<Self> {
        let mut args = std::env::args().skip(1);
        let (role, address) = (args.next(), args.next());
        let address = address.ok_or(FORMS)?;
        let mut variant = String::new();
        let (mut payload, mut readers, mut seconds, mut pace, mut handles) =
            (4096, 1, 1.0, 0, false);
        while let Some(option) = args.next() {
            if option == "--handles" {
                handles = true;
                continue;
            }
            let value = args
                .next()
                .ok_or_else(|| format!("{option} has no value"))?;
            match &*option {
                "--variant" => variant = value,
                "--payload" => payload = value.parse()?,
                "--readers" => readers = value.parse()?,
                "--seconds" => seconds = value.parse()?,
                "--pace-us" => pace = value.parse()?,
                _ => return Err(format!("{option} is no option").into()),
            }
        }
        if payload < crate::HEAD_BYTES || payload % 8 != 0 {
            return Err(format!("a frame has 16 bytes or more, in eights, not {payload}").into());
        }
        let (time, pace) = (
            Duration::try_from_secs_f64(seconds)?,
            Duration::from_micros(pace),
        );
        let (writes, reads) = (
            Writes::new(payload, time, pace),
            Reads::new(payload, handles),
        );
        let role = match role.as_deref() {
            Some("writer") => Role::Writer(writes),
            Some("reader") => Role::Reader(reads),
            Some("alone") => Role::Alone(writes, reads),
            _ => return Err(FORMS.into()),
        };
        Ok(Self {
            address,
            variant,
            payload,
            readers,
            role,
        })
    }
}

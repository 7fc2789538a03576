//! The least there is: bytes back over a Unix socket, blocking, no framing; client and server know the length.

#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use contract::{Load, Peer, Result, Role};

fn main() -> Result<()> {
    match Peer::from_args()?.role {
        Role::Server { address } => serve(&address),
        Role::Client(load) => call(&load),
    }
}

fn serve(address: &str) -> Result<()> {
    let listener = UnixListener::bind(address)?;
    contract::listening(address);
    loop {
        let (stream, _) = listener.accept()?;
        thread::spawn(move || echo(stream));
    }
}

/// The client says the length first, then sends messages of that length, one at a time.
fn echo(mut stream: UnixStream) -> Result<()> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; u32::from_le_bytes(length).try_into()?];
    loop {
        stream.read_exact(&mut message)?;
        stream.write_all(&message)?;
    }
}

fn call(load: &Load) -> Result<()> {
    if load.in_flight != 1 {
        return Err("a blocking socket has one call in flight".into());
    }
    let mut stream = UnixStream::connect(&load.address)?;
    stream.write_all(&u32::try_from(load.payload)?.to_le_bytes())?;
    let message = vec![7; load.payload];
    let mut answer = vec![0; load.payload];
    for lap in load.laps() {
        let lap = lap?;
        let mut caller = lap.caller();
        while caller.goes_on() {
            stream.write_all(&message)?;
            stream.read_exact(&mut answer)?;
            caller.called();
        }
        lap.end([caller])?;
    }
    contract::echoed(
        load.payload,
        answer.iter().filter(|byte| **byte == 7).count(),
    )
}

//! The least there is on a socket: frames of a known length over a Unix socket, blocking. `--variant tokio` reads them on
//! a current-thread runtime, as nearcall's reader does.

#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};

use frames_contract::{ALONE, Peer, Reads, Result, Role, Writes};
use tokio::io::AsyncReadExt as _;

fn main() -> Result<()> {
    let peer = Peer::from_args()?;
    match peer.role {
        Role::Writer(writes) => {
            let listener = UnixListener::bind(&peer.address)?;
            frames_contract::listening()?;
            write(writes, &listener, peer.payload)
        }
        Role::Reader(reads) => {
            let stream = UnixStream::connect(&peer.address)?;
            match &*peer.variant {
                "tokio" => tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?
                    .block_on(read_async(reads, stream, peer.payload)),
                _ => read(reads, stream, peer.payload),
            }
        }
        Role::Alone(..) => Err(ALONE.into()),
    }
}

fn write(writes: Writes, listener: &UnixListener, payload: usize) -> Result<()> {
    let (mut stream, _) = listener.accept()?;
    let mut bytes = vec![0; payload];
    writes.run(|frame| {
        frame.draw(&mut bytes);
        Ok(stream.write_all(&bytes)?)
    })
}

fn read(mut reads: Reads, mut stream: UnixStream, payload: usize) -> Result<()> {
    reads.ready()?;
    let mut bytes = vec![0; payload];
    loop {
        stream.read_exact(&mut bytes)?;
        if !reads.take(&bytes)? {
            return reads.end();
        }
    }
}

async fn read_async(mut reads: Reads, stream: UnixStream, payload: usize) -> Result<()> {
    stream.set_nonblocking(true)?;
    let mut stream = tokio::net::UnixStream::from_std(stream)?;
    reads.ready()?;
    let mut bytes = vec![0; payload];
    loop {
        stream.read_exact(&mut bytes).await?;
        if !reads.take(&bytes)? {
            return reads.end();
        }
    }
}

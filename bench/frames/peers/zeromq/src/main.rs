//! ZeroMQ over ipc, push and pull, so that no frame is dropped; a message is drawn in place.

use frames_contract::{ALONE, Peer, Reads, Result, Role, Writes};
use zmq::{Context, Message, SocketType};

/// Frames that wait at each end, rather than the thousand that it comes with.
const QUEUED: i32 = 2;

fn main() -> Result<()> {
    let peer = Peer::from_args()?;
    let (context, address) = (Context::new(), format!("ipc://{}", peer.address));
    match peer.role {
        Role::Writer(writes) => write(writes, &context, &address, peer.payload),
        Role::Reader(reads) => read(reads, &context, &address),
        Role::Alone(..) => Err(ALONE.into()),
    }
}

fn write(writes: Writes, context: &Context, address: &str, payload: usize) -> Result<()> {
    let socket = context.socket(SocketType::PUSH)?;
    socket.set_sndhwm(QUEUED)?;
    socket.bind(address)?;
    frames_contract::listening()?;
    writes.run(|frame| {
        let mut message = Message::with_size(payload);
        frame.draw(&mut message);
        Ok(socket.send(message, 0)?)
    })
}

fn read(mut reads: Reads, context: &Context, address: &str) -> Result<()> {
    let socket = context.socket(SocketType::PULL)?;
    socket.set_rcvhwm(QUEUED)?;
    socket.connect(address)?;
    reads.ready()?;
    let mut message = Message::new();
    loop {
        socket.recv(&mut message, 0)?;
        if !reads.take(&message)? {
            return reads.end();
        }
    }
}

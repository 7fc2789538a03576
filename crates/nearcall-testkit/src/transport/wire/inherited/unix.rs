//! A pair of sockets.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};

use nearcall_transport::{Address, Connection};

/// Numbers from here on are handed to descriptors that a test inherits; each once, as in a process that was given them.
const INHERITED_FROM: u32 = 700;

pub(in crate::transport) async fn pair() -> (Connection, Connection) {
    let (client, server) = UnixStream::pair().expect("a pair of sockets");
    (inherit(client.into()).await, inherit(server.into()).await)
}

/// Puts a descriptor where a parent process would have put it, open across `exec`, and takes it from there.
async fn inherit(descriptor: OwnedFd) -> Connection {
    static NEXT: AtomicU32 = AtomicU32::new(INHERITED_FROM);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let minimum = i32::try_from(number).expect("a small number");
    let passed = rustix::io::fcntl_dupfd_cloexec(&descriptor, minimum).expect("a free descriptor");
    rustix::io::fcntl_setfd(&passed, rustix::io::FdFlags::empty()).expect("its flags can be set");
    let number = u32::try_from(std::os::fd::IntoRawFd::into_raw_fd(passed))
        .expect("a descriptor is not negative");
    NEXT.fetch_max(number + 1, Ordering::Relaxed);
    Connection::connect(&Address::Inherit(Some(number)))
        .await
        .expect("the descriptor can be inherited")
}

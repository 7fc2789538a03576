//! Waiting for sockets.

use std::io;
use std::net::TcpStream;
use std::os::windows::io::AsRawSocket;
use std::time::Duration;

use windows_sys::Win32::Networking::WinSock::{
    POLLRDNORM, POLLWRNORM, SOCKET_ERROR, WSAGetLastError, WSAPOLLFD, WSAPoll,
};

/// Waits until there is something to read, or (where that is asked for) room to write, at most so long; none is without
/// end. Answers whether it came to that. See `WSAPoll`.
///
/// # Errors
///
/// The system cannot wait.
pub fn wait(stream: &TcpStream, to_write: bool, limit: Option<Duration>) -> io::Result<bool> {
    let mut socket = WSAPOLLFD {
        fd: stream.as_raw_socket() as usize,
        events: if to_write {
            POLLRDNORM | POLLWRNORM
        } else {
            POLLRDNORM
        },
        revents: 0,
    };
    let millis = limit.map_or(-1, |limit| {
        // Up, so that a wait never ends before its time and is made again at once.
        let millis = limit.as_micros().div_ceil(1000);
        i32::try_from(millis).unwrap_or(i32::MAX)
    });
    // SAFETY: it is given one structure to read from and write to; the socket is open while it is borrowed.
    match unsafe { WSAPoll(&raw mut socket, 1, millis) } {
        SOCKET_ERROR => {
            // SAFETY: it takes nothing.
            let code = unsafe { WSAGetLastError() };
            Err(io::Error::from_raw_os_error(code))
        }
        ready => Ok(ready > 0),
    }
}

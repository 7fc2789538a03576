//! A connection for programs without an async runtime: reads wait for as long as they are told, writes never do.

use std::io::{self, IoSlice};
use std::sync::Mutex;
use std::time::Duration;

use crate::{Address, ConnectError, Peer, imp};

/// For how long an operation waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    No,
    /// At most so long; none is without end.
    UpTo(Option<Duration>),
}

/// A connected stream of bytes that is used by calls that block: a Unix socket, or TCP.
///
/// Several threads may use it at once; what one reads the others do not.
#[derive(Debug)]
pub struct Stream {
    socket: imp::BlockingSocket,
    peer: Peer,
    /// What the system was last told of how long a read may take, which costs a call to say.
    patience: Mutex<Option<Duration>>,
}

impl Stream {
    /// Dials an address and waits at most `limit`.
    ///
    /// # Errors
    ///
    /// Nobody listens there, or may be reached in time; or the address is of a kind that needs an async runtime.
    pub fn connect(address: &Address, limit: Duration) -> Result<Self, ConnectError> {
        let (socket, peer) = imp::connect_blocking(address, limit)?;
        Ok(Self {
            socket,
            peer,
            patience: Mutex::new(None),
        })
    }

    /// Who is at the other end.
    #[must_use]
    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Reads what is there, or waits for it; none where there was nothing in that time, and `Some(0)` at the end.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub fn read(&self, buffer: &mut [u8], wait: Wait) -> io::Result<Option<usize>> {
        if let Wait::UpTo(limit) = wait {
            self.be_patient(limit)?;
        }
        nothing_yet(self.socket.read(buffer, wait == Wait::No))
    }

    /// Writes as much as there is room for, without waiting; none where there is no room.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<Option<usize>> {
        nothing_yet(self.socket.write(slices))
    }

    /// Waits until there is something to read, or room to write.
    ///
    /// # Errors
    ///
    /// The system cannot wait.
    pub fn wait(&self, limit: Option<Duration>) -> io::Result<()> {
        self.socket.wait(limit)
    }

    /// Tells the system how long a read may take, unless it was told nearly the same before: a read that ends a little
    /// late is made again by who looks at the clock, and most calls have the same deadline.
    fn be_patient(&self, limit: Option<Duration>) -> io::Result<()> {
        let mut patience = self
            .patience
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let near_enough = match (limit, *patience) {
            (Some(limit), Some(told)) => told >= limit && told - limit <= limit / 16,
            (None, None) => true,
            _ => false,
        };
        if !near_enough {
            // Nothing at all would mean without end.
            let limit = limit.map(|limit| limit.max(Duration::from_micros(1)));
            self.socket.set_read_limit(limit)?;
            *patience = limit;
        }
        Ok(())
    }
}

fn nothing_yet(outcome: io::Result<usize>) -> io::Result<Option<usize>> {
    match outcome {
        Ok(count) => Ok(Some(count)),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted => {
                Ok(None)
            }
            _ => Err(error),
        },
    }
}

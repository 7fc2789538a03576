//! Connections within one process: for tests, and for a client and a server that are linked together.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use tokio::io::DuplexStream;
use tokio::sync::mpsc;

use crate::connection::Wire;
use crate::limits::MEMORY_PIPE_BYTES;
use crate::{Address, BindError, ConnectError, Connection, ListenOptions, Peer, Transport};

/// The listener of each name. A name is here for as long as its listener lives.
static LISTENERS: Mutex<BTreeMap<String, Entry>> = Mutex::new(BTreeMap::new());

#[derive(Debug)]
struct Entry {
    owner: String,
    sender: mpsc::Sender<DuplexStream>,
}

#[derive(Debug)]
pub(crate) struct Listener {
    name: String,
    incoming: mpsc::Receiver<DuplexStream>,
}

impl Listener {
    pub(crate) fn bind(name: &str, options: &ListenOptions) -> Result<Self, BindError> {
        let mut listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = listeners.get(name) {
            return Err(BindError::InUse {
                address: Address::Memory(name.to_owned()),
                name: Some(entry.owner.clone()),
                pid: Some(std::process::id()),
            });
        }
        let (sender, incoming) = mpsc::channel(options.backlog.max(1) as usize);
        let owner = options.owner.clone();
        listeners.insert(name.to_owned(), Entry { owner, sender });
        Ok(Self {
            name: name.to_owned(),
            incoming,
        })
    }

    pub(crate) async fn accept(&mut self) -> io::Result<Connection> {
        match self.incoming.recv().await {
            Some(stream) => Ok(connection(stream)),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        LISTENERS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.name);
    }
}

pub(crate) async fn connect(name: &str) -> Result<Connection, ConnectError> {
    let listener = LISTENERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(name)
        .map(|entry| entry.sender.clone());
    let (ours, theirs) = tokio::io::duplex(MEMORY_PIPE_BYTES);
    let sent = match listener {
        Some(listener) => listener.send(theirs).await.is_ok(),
        None => false,
    };
    if sent {
        return Ok(connection(ours));
    }
    let listening = LISTENERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .keys()
        .cloned()
        .collect();
    Err(ConnectError::NotListening {
        address: Address::Memory(name.to_owned()),
        listening,
    })
}

/// Two ends without a listener between them.
pub(crate) fn pair() -> (Connection, Connection) {
    let (one, other) = tokio::io::duplex(MEMORY_PIPE_BYTES);
    (connection(one), connection(other))
}

fn connection(stream: DuplexStream) -> Connection {
    Connection::new(Wire::Memory(stream), Peer::this_process(Transport::Memory))
}

//! How to listen and how to dial on one wire.

mod inherited;

use std::path::Path;

use nearcall_transport::{Address, Connection, ListenOptions, Listener, Transport};
use tempfile::TempDir;

/// One wire, with an address of its own on it and a folder that must be empty in the end.
#[derive(Debug)]
pub struct Wire {
    address: Address,
    transport: Transport,
    folder: TempDir,
}

impl Wire {
    /// A Unix socket in a folder of its own.
    #[must_use]
    pub fn unix() -> Self {
        let folder = folder();
        Self {
            address: Address::Unix(folder.path().join("test.sock")),
            transport: Transport::Unix,
            folder,
        }
    }

    /// An abstract name that nobody else has.
    #[must_use]
    pub fn unix_abstract() -> Self {
        let folder = folder();
        let name = unique(&folder);
        Self {
            address: Address::UnixAbstract(name),
            transport: Transport::UnixAbstract,
            folder,
        }
    }

    /// A pipe of a name that nobody else has.
    #[must_use]
    pub fn pipe() -> Self {
        let folder = folder();
        Self {
            address: Address::Pipe(unique(&folder)),
            transport: Transport::Pipe,
            folder,
        }
    }

    /// A port that the system chooses.
    #[must_use]
    pub fn tcp() -> Self {
        let address = parse("http://127.0.0.1:0");
        Self {
            address,
            transport: Transport::Tcp,
            folder: folder(),
        }
    }

    /// A name within the process that nobody else has.
    #[must_use]
    pub fn memory() -> Self {
        let folder = folder();
        Self {
            address: Address::Memory(unique(&folder)),
            transport: Transport::Memory,
            folder,
        }
    }

    /// An endpoint of `parity-tokio-ipc`, at a path in a folder of its own.
    #[must_use]
    pub fn parity() -> Self {
        let folder = folder();
        let endpoint = if cfg!(windows) {
            unique(&folder).replace('.', "-")
        } else {
            folder.path().join("test.ipc").display().to_string()
        };
        Self {
            address: Address::Parity(endpoint),
            transport: Transport::Parity,
            folder,
        }
    }

    /// A socket pair whose ends are both taken as if they had been inherited.
    #[must_use]
    pub fn inherit() -> Self {
        Self {
            address: Address::Inherit(None),
            transport: Transport::Inherit,
            folder: folder(),
        }
    }

    /// Where the wire's listener listens.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Whether one direction can end before the other; a pipe ends as a whole.
    #[must_use]
    pub const fn closes_by_halves(&self) -> bool {
        !cfg!(windows) || matches!(self.transport, Transport::Tcp | Transport::Memory)
    }

    /// What its peers say of the wire.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        self.transport
    }

    /// The folder that the wire may leave nothing in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Listens at the wire's address.
    ///
    /// # Panics
    ///
    /// It cannot be listened at.
    pub async fn listen(&self) -> Listener {
        let options = ListenOptions {
            owner: "conformance".to_owned(),
            ..ListenOptions::default()
        };
        Listener::bind(&self.address, &options)
            .await
            .expect("the wire's address can be listened at")
    }

    /// Both ends of one connection: the client's and the server's.
    ///
    /// # Panics
    ///
    /// It cannot be made.
    pub async fn pair(&self) -> (Connection, Connection) {
        if self.transport == Transport::Inherit {
            return inherited::pair().await;
        }
        let mut listener = self.listen().await;
        let address = listener.address().clone();
        let (client, server) =
            nearcall::tokio::join!(Connection::connect(&address), listener.accept());
        (
            client.expect("the listener can be dialed"),
            server.expect("the listener accepts"),
        )
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// The name of a temporary folder is nobody else's.
fn unique(folder: &TempDir) -> String {
    folder
        .path()
        .file_name()
        .expect("a folder with a name")
        .to_string_lossy()
        .into_owned()
}

fn parse(address: &str) -> Address {
    address.parse().expect("an address")
}

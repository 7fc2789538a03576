//! How to listen and how to dial on one wire.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use nearcall_transport::{Address, Connection, ListenOptions, Listener, Transport};
use tempfile::TempDir;

/// Numbers from here on are handed to descriptors that a test inherits; each once, as in a process that was given them.
const INHERITED_FROM: u32 = 700;

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
        let path = folder.path().join("test.ipc").display().to_string();
        Self {
            address: Address::Parity(path),
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
            let (client, server) = UnixStream::pair().expect("a pair of sockets");
            return (inherit(client.into()).await, inherit(server.into()).await);
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

//! A socket or a pipe before a server: what becomes of each connection to it is the test's to say.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use nearcall::{Address, Connection, tokio};
use nearcall_testkit::local_address;
use nearcall_transport::{ListenOptions, Listener};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::task::{AbortHandle, JoinSet};

/// How much is carried at once, at most.
const CARRIED_BYTES: usize = 64 * 1_024;

/// What is done with one connection.
pub(crate) enum Doing {
    /// It goes to the server.
    Pass,
    /// It is closed as soon as its first bytes were read.
    Close,
    /// Its bytes are read, and nothing is ever said.
    Silence,
    /// It goes to the server until so many bytes have gone one way; then both ends find it closed.
    Cut(Way, usize),
    /// A task of the test's has it, with the bytes that were read.
    Own(Box<dyn FnOnce(Connection, Vec<u8>) -> JoinSet<()> + Send>),
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    ToServer,
    ToClient,
}

/// The place; gone when dropped.
pub(crate) struct Front {
    folder: TempDir,
    seen: Arc<Seen>,
    accepting: AbortHandle,
}

#[derive(Default)]
struct Seen {
    wires: Mutex<Vec<&'static str>>,
    cut: AtomicBool,
    open: Mutex<JoinSet<()>>,
}

impl Front {
    /// Before the server at an address; `plan` is asked for each connection, which are counted from zero.
    pub(crate) async fn before(
        server: String,
        mut plan: impl FnMut(usize) -> Doing + Send + 'static,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server: Address = server.parse().expect("an address");
        let address = address(&folder).parse().expect("an address");
        let listener = Listener::bind(&address, &ListenOptions::default()).await;
        let mut listener = listener.expect("a new place");
        let seen = Arc::<Seen>::default();
        let seeing = Arc::clone(&seen);
        let accepting = tokio::spawn(async move {
            for number in 0.. {
                let client = listener.accept().await.expect("a connection");
                let one = one(client, server.clone(), plan(number), Arc::clone(&seeing));
                seeing.open.lock().expect("no panic").spawn(one);
            }
        });
        Self {
            folder,
            seen,
            accepting: accepting.abort_handle(),
        }
    }

    pub(crate) fn address(&self) -> String {
        address(&self.folder)
    }

    /// The wires of the connections so far, in order.
    pub(crate) fn wires(&self) -> Vec<&'static str> {
        self.seen.wires.lock().expect("no panic").clone()
    }

    /// Whether a connection was cut.
    pub(crate) fn has_cut(&self) -> bool {
        self.seen.cut.load(Ordering::SeqCst)
    }

    /// Breaks the connections there are.
    pub(crate) fn break_all(&self) {
        self.seen.open.lock().expect("no panic").abort_all();
    }
}

fn address(folder: &TempDir) -> String {
    local_address(folder.path(), "front.sock")
}

impl Drop for Front {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn one(mut client: Connection, server: Address, doing: Doing, seen: Arc<Seen>) {
    let mut first = Vec::new();
    if client.read_buf(&mut first).await.unwrap_or(0) == 0 {
        return;
    }
    let wire = if first.starts_with(b"\x89NCALL") {
        "lane"
    } else if first.starts_with(b"PRI *") {
        "grpc"
    } else {
        "neither"
    };
    seen.wires.lock().expect("no panic").push(wire);
    let (to_server, to_client) = match doing {
        Doing::Close => return,
        Doing::Silence => {
            // A peer that reads, so that nothing but its silence says what it is.
            while client.read_buf(&mut first).await.is_ok_and(|read| read > 0) {
                first.clear();
            }
            return;
        }
        Doing::Own(own) => {
            own(client, first).join_all().await;
            return;
        }
        Doing::Pass => (usize::MAX, usize::MAX),
        Doing::Cut(Way::ToServer, bytes) => (bytes, usize::MAX),
        Doing::Cut(Way::ToClient, bytes) => (usize::MAX, bytes),
    };
    let Ok(server) = Connection::connect(&server).await else {
        return;
    };
    let (client_reads, client_writes) = tokio::io::split(client);
    let (server_reads, server_writes) = tokio::io::split(server);
    let cut = tokio::select! {
        cut = carry(client_reads, server_writes, first, to_server) => cut,
        cut = carry(server_reads, client_writes, Vec::new(), to_client) => cut,
    };
    if cut {
        seen.cut.store(true, Ordering::SeqCst);
    }
}

/// Carries bytes until the end, or until so many have gone; whether it was the latter.
async fn carry(
    mut from: ReadHalf<Connection>,
    mut to: WriteHalf<Connection>,
    mut held: Vec<u8>,
    mut left: usize,
) -> bool {
    held.reserve(CARRIED_BYTES);
    loop {
        let now = held.len().min(left);
        if to.write_all(&held[..now]).await.is_err() {
            return false;
        }
        left -= now;
        if left == 0 {
            return true;
        }
        held.clear();
        if from.read_buf(&mut held).await.unwrap_or(0) == 0 {
            return false;
        }
    }
}

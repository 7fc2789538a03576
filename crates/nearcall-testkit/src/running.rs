//! A server in a task of the test's own, at an address of its own.

use std::path::Path;
use std::sync::Arc;

use nearcall::tokio::sync::oneshot;
use nearcall::tokio::task::JoinHandle;
use nearcall::{Address, Channel, ChannelBuilder, Connection, Drained, Server, Wire};
use tempfile::TempDir;

use crate::probe::{Probe, ProbeClient, ProbeServer, Tally};

/// A [`Probe`] that is being served on a Unix socket in a temporary folder.
#[derive(Debug)]
pub struct Running {
    folder: Arc<TempDir>,
    wire: Option<Wire>,
    /// What became of the handlers.
    pub tally: Arc<Tally>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Drained>,
}

impl Running {
    /// Serves with the defaults.
    pub async fn start() -> Self {
        Self::start_with(|server| server).await
    }

    /// Serves with settings.
    ///
    /// # Panics
    ///
    /// The server does not start.
    pub async fn start_with(settings: impl FnOnce(Server) -> Server) -> Self {
        Self::start_in(
            Arc::new(tempfile::tempdir().expect("a temporary folder")),
            settings,
        )
        .await
    }

    /// Serves where another did, or will.
    ///
    /// # Panics
    ///
    /// The server does not start.
    pub async fn start_in(folder: Arc<TempDir>, settings: impl FnOnce(Server) -> Server) -> Self {
        let probe = Probe::default();
        let tally = Arc::clone(&probe.tally);
        let (stop, stopped) = oneshot::channel();
        let server = Server::new(address_in(folder.path()))
            .add_service(ProbeServer::new(probe))
            .stop_when(async {
                // A dropped sender is a test that is over.
                let _ = stopped.await;
            });
        let bound = settings(server).bind().await.expect("the server starts");
        let served =
            nearcall::tokio::spawn(async { bound.serve().await.expect("the server goes on") });
        Self {
            folder,
            wire: None,
            tally,
            stop,
            served,
        }
    }

    /// Has its clients use one wire alone.
    #[must_use]
    pub fn over(mut self, wire: Wire) -> Self {
        self.wire = Some(wire);
        self
    }

    /// Where it is, as clients name it.
    #[must_use]
    pub fn address(&self) -> String {
        address_in(self.folder.path())
    }

    /// Whether something is where it listens: as long as it does, and on Windows until its last connection ends.
    ///
    /// # Panics
    ///
    /// Its address is none.
    #[must_use]
    pub fn is_there(folder: &Path) -> bool {
        let address: Address = address_in(folder).parse().expect("an address");
        address.is_taken()
    }

    /// A bare connection to it, on which nothing was said.
    ///
    /// # Panics
    ///
    /// It cannot be reached.
    pub async fn dial(&self) -> Connection {
        let address: Address = self.address().parse().expect("an address");
        let dialed = Connection::connect(&address).await;
        dialed.expect("the server can be reached")
    }

    /// The folder that the socket is in, so that another server can take its place.
    #[must_use]
    pub fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    /// What makes a channel to it.
    #[must_use]
    pub fn builder(&self) -> ChannelBuilder {
        let builder = Channel::builder(self.address());
        match self.wire {
            Some(wire) => builder.wire(wire),
            None => builder,
        }
    }

    /// A channel to it.
    ///
    /// # Panics
    ///
    /// It cannot be reached.
    pub async fn channel(&self) -> Channel {
        self.builder()
            .connect()
            .await
            .expect("the server can be reached")
    }

    /// A client of it.
    ///
    /// # Panics
    ///
    /// It cannot be reached.
    pub async fn client(&self) -> ProbeClient<Channel> {
        ProbeClient::new(self.channel().await)
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Panics
    ///
    /// The server panicked.
    pub async fn stop(self) -> Drained {
        let _ = self.stop.send(());
        self.served.await.expect("the server's task ends")
    }

    /// Asks it to stop, and answers what waits until it has.
    #[must_use]
    pub fn begin_to_stop(self) -> JoinHandle<Drained> {
        let _ = self.stop.send(());
        self.served
    }
}

/// The address of a server in a folder.
#[must_use]
pub fn address_in(folder: &Path) -> String {
    local_address(folder, "probe.sock")
}

/// The address of a socket in a folder, or of a pipe that is named after both.
#[must_use]
pub fn local_address(folder: &Path, name: &str) -> String {
    if cfg!(windows) {
        let folder = folder.file_name().unwrap_or_default().to_string_lossy();
        format!("pipe:nearcall-test{folder}.{name}")
    } else {
        format!("unix:{}", folder.join(name).display())
    }
}

/// The address of a socket in a folder, or of a pipe that is named after it, by way of parity-tokio-ipc, which says
/// nothing of peers.
#[must_use]
pub fn parity_address(folder: &Path) -> String {
    if cfg!(windows) {
        let folder = folder.file_name().unwrap_or_default().to_string_lossy();
        // Names of that transport have no dots, and those of temporary folders begin with one.
        format!("parity:nearcall-test-{}", folder.replace('.', "-"))
    } else {
        format!("parity:{}", folder.join("parity.sock").display())
    }
}

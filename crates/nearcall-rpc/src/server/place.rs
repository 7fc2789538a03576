//! One place where a server listens: the listener, and for a name what says that it is there.

use std::time::SystemTime;

use nearcall_transport::limits::FOLDER_ATTEMPTS;
use nearcall_transport::name::ServiceName;
use nearcall_transport::{BindError, ListenOptions, Listener, Target};

use crate::registry::{Entry, Registration, Registry, rfc3339};
use crate::resolve::world_of;
use crate::server::ServeError;
use crate::wire::Wire;

/// Dropped in this order: first nobody finds it any more, then it is gone.
#[derive(Debug)]
pub(crate) struct Place {
    #[expect(dead_code, reason = "held for its drop")]
    registration: Option<Registration>,
    pub(crate) listener: Listener,
    #[expect(dead_code, reason = "held for its drop")]
    folder: Option<Folder>,
}

/// A world's folder, removed with the last that was in it.
#[derive(Debug)]
struct Folder(Registry);

impl Drop for Folder {
    fn drop(&mut self) {
        self.0.remove_if_empty();
    }
}

/// What a server says of itself wherever it listens.
#[derive(Debug)]
pub(crate) struct Facts {
    /// As the server was called, for whoever finds an address taken.
    pub(crate) owner: String,
    pub(crate) insecure: bool,
    pub(crate) lane: bool,
    pub(crate) services: Vec<String>,
    pub(crate) schema_hash: String,
}

impl Place {
    /// Begins to listen at a target, and registers a name.
    pub(crate) async fn take(target: Target, server: &Facts) -> Result<Self, ServeError> {
        match target {
            Target::Address(address) => Ok(Self {
                registration: None,
                listener: Listener::bind(&address, &options(server, server.owner.clone())).await?,
                folder: None,
            }),
            Target::Name(name) => Self::named(&name, server).await,
        }
    }

    async fn named(name: &ServiceName, server: &Facts) -> Result<Self, ServeError> {
        let world = world_of(name)?;
        let options = options(server, name.local());
        let mut attempts = 1..FOLDER_ATTEMPTS;
        let (mut registry, listener) = loop {
            let registry = Registry::create(&world)?;
            let address = registry.address(name);
            match Listener::bind(&address, &options).await {
                Ok(listener) => break (registry, listener),
                // The last server of the world stopped in between, and took the folder along.
                Err(BindError::NoFolder { .. }) if attempts.next().is_some() => {}
                Err(error) => return Err(error.into()),
            }
        };
        let entry = Entry {
            name: name.local(),
            address: listener.address().to_string(),
            pid: std::process::id(),
            started: rfc3339(SystemTime::now()),
            wires: wires(server.lane),
            services: server.services.clone(),
            schema_hash: server.schema_hash.clone(),
        };
        let registration = loop {
            match registry.register(name, &entry) {
                Ok(registration) => break registration,
                // A pipe is not in the folder, which may go as above.
                Err(error) if error.is_not_found() && attempts.next().is_some() => {
                    registry = Registry::create(&world)?;
                }
                Err(error) => return Err(error.into()),
            }
        };
        Ok(Self {
            registration: Some(registration),
            listener,
            folder: Some(Folder(registry)),
        })
    }
}

/// What the server speaks, as its entry says it.
fn wires(lane: bool) -> Vec<String> {
    let lane = lane.then_some(Wire::Lane);
    [Wire::Grpc]
        .into_iter()
        .chain(lane)
        .map(|wire| wire.to_string())
        .collect()
}

fn options(server: &Facts, owner: String) -> ListenOptions {
    ListenOptions {
        insecure: server.insecure,
        owner,
        ..ListenOptions::default()
    }
}

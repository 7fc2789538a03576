//! Health as supervision wants it, asked by gRPC.

use std::time::Duration;

use nearcall::Channel;
use nearcall::inspect::{self, Inspector};
use nearcall::registry::Registry;

use crate::names::{ServiceName, World};
use crate::registered;
use crate::supervise::{Health, Probe, Spec};

/// How long one question may take.
const QUESTION_WAIT: Duration = Duration::from_secs(1);

/// Asks the servers of a world for their health.
#[derive(Debug, Clone)]
pub(crate) struct GrpcHealth {
    world: World,
}

impl GrpcHealth {
    /// For the servers of `world`.
    pub(crate) const fn of(world: World) -> Self {
        Self { world }
    }

    async fn ask(&self, name: &ServiceName, service: &str) -> Result<Health, String> {
        // Where the server itself is: `NEARCALL_ADDRESS_…` may point the name to another one.
        let address = self.address(name)?;
        ask(&address, service).await
    }

    fn address(&self, name: &ServiceName) -> Result<String, String> {
        let registry = Registry::open(&self.world).map_err(words)?;
        let entry = registry.entries().map_err(words)?;
        if let Some(entry) = entry.into_iter().find(|entry| entry.name == name.as_str()) {
            return Ok(entry.address);
        }
        // A server in another language makes the socket and no entry.
        let socket = registered::folder(&self.world).join(format!("{name}.sock"));
        if socket.exists() {
            return Ok(format!("unix:{}", socket.display()));
        }
        Err(format!(
            "it has not registered as `{name}` and there is no {}",
            socket.display()
        ))
    }
}

impl Probe for GrpcHealth {
    async fn health(&self, spec: &Spec) -> Health {
        self.ask(&spec.name, &spec.health)
            .await
            .unwrap_or_else(Health::Unreachable)
    }
}

/// The health of the server at an address; why it cannot be known, in words.
pub(crate) async fn ask(address: &str, service: &str) -> Result<Health, String> {
    let channel = Channel::builder(address)
        .connect_timeout(QUESTION_WAIT)
        .connect()
        .await
        .map_err(words)?;
    let asked = Inspector::new(channel)
        .deadline(QUESTION_WAIT)
        .health(service)
        .await;
    match asked.map_err(words)? {
        inspect::Health::Serving => Ok(Health::Serving),
        inspect::Health::NotServing | inspect::Health::Unknown => Ok(Health::NotServing),
    }
}

/// An error with its causes in one line.
fn words(error: impl std::error::Error + Send + Sync + 'static) -> String {
    let error = anyhow::Error::new(error);
    let mut words: Vec<String> = Vec::new();
    for cause in error.chain().map(ToString::to_string) {
        if !words.iter().any(|word| word.contains(&cause)) {
            words.push(cause);
        }
    }
    words.join(": ")
}

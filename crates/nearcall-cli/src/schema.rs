//! What a server's services and messages look like, known only at run time.
//!
//! It comes from the server's reflection, symbol by symbol as each is needed, or from files where the server has none.

pub(crate) mod json;
pub(crate) mod lookup;
pub(crate) mod mismatch;
pub(crate) mod plain;
pub(crate) mod print;
pub(crate) mod servers;
mod source;
pub(crate) mod suggest;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod unknown;

use nearcall::Channel;
use nearcall::inspect::{InspectError, Inspector};
use prost_reflect::{DescriptorPool, MessageDescriptor};

pub(crate) use lookup::Unfound;
pub(crate) use source::{FileError, Files};

/// The types of one server, as far as they have been asked for.
#[derive(Debug)]
pub(crate) struct Schema {
    pool: DescriptorPool,
    server: Option<Inspector<Channel>>,
}

impl Schema {
    /// Asks the server itself.
    pub(crate) fn reflected(channel: Channel) -> Self {
        Self {
            // Many servers leave out protobuf's own files; a file that is there already is not added again.
            pool: DescriptorPool::global(),
            server: Some(Inspector::new(channel)),
        }
    }

    /// Knows what files say and nothing else.
    pub(crate) const fn of(pool: DescriptorPool) -> Self {
        Self { pool, server: None }
    }

    /// Everything known so far.
    pub(crate) const fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// The full names of all services, in the server's order.
    pub(crate) async fn services(&mut self) -> Result<Vec<String>, InspectError> {
        match &mut self.server {
            Some(server) => server.services().await,
            None => Ok(self
                .pool
                .services()
                .map(|service| service.full_name().to_owned())
                .collect()),
        }
    }

    /// Asks for a symbol and what it needs, so that it is in the pool afterwards.
    pub(crate) async fn load(&mut self, symbol: &str) -> Result<(), InspectError> {
        let Some(server) = &mut self.server else {
            return Ok(());
        };
        let descriptors = server.descriptors(symbol).await?;
        self.pool
            .decode_file_descriptor_set(descriptors.to_file_descriptor_set().as_slice())
            .map_err(|error| InspectError::Malformed {
                asked: symbol.to_owned(),
                expected: "descriptors that fit together",
                found: error.to_string(),
            })
    }

    /// A message by its full name, `None` when nobody knows it.
    pub(crate) async fn message(&mut self, name: &str) -> Option<MessageDescriptor> {
        if self.pool.get_message_by_name(name).is_none() {
            // Whoever asks shows the bytes when the type stays unknown, whatever the reason.
            self.load(name).await.ok()?;
        }
        self.pool.get_message_by_name(name)
    }
}

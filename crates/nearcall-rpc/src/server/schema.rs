//! What the server says of its own services: reflection, and the hash in the registry entry.

use std::borrow::Cow;

use nearcall_proto::table;
use sha2::{Digest, Sha256};
use tonic_reflection::pb::v1::server_reflection_server::SERVICE_NAME as V1;
use tonic_reflection::pb::v1alpha::server_reflection_server::SERVICE_NAME as V1ALPHA;
use tonic_reflection::server::{Builder, Error};

use crate::server::router::Router;

/// How many bytes of the hash an entry holds; enough to tell schemas apart, short enough to read.
const HASH_BYTES: usize = 8;

/// The table of `grpc.health.v1.Health`, which tonic's generator made.
pub(crate) static HEALTH: table::Service = table::Service::new(
    "grpc.health.v1.Health",
    &[
        table::Method::new(
            "grpc.health.v1.Health",
            "Check",
            "/grpc.health.v1.Health/Check",
        ),
        table::Method::new(
            "grpc.health.v1.Health",
            "Watch",
            "/grpc.health.v1.Health/Watch",
        )
        .streaming(false, true),
    ],
    tonic_health::pb::FILE_DESCRIPTOR_SET,
);

/// The descriptor sets of the services.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    sets: Vec<Cow<'static, [u8]>>,
}

impl Schema {
    pub(crate) fn add(&mut self, file_descriptor_set: impl Into<Cow<'static, [u8]>>) {
        let file_descriptor_set = file_descriptor_set.into();
        if !self.sets.contains(&file_descriptor_set) {
            self.sets.push(file_descriptor_set);
        }
    }

    /// A hash of everything the descriptors say, in hexadecimal; the order of the services does not matter.
    pub(crate) fn hash(&self) -> String {
        let mut sets: Vec<_> = self.sets.iter().map(Sha256::digest).collect();
        sets.sort_unstable();
        let mut hasher = Sha256::new();
        sets.iter().for_each(|set| hasher.update(set));
        hasher
            .finalize()
            .iter()
            .take(HASH_BYTES)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Adds both versions of the reflection service to a router; they list what the router has, and nothing that is
    /// only imported.
    pub(crate) fn add_reflection(&self, router: &mut Router) -> Result<(), Error> {
        let builder = || {
            let named = router.names().into_iter().chain([V1, V1ALPHA]);
            let builder = named.fold(Builder::configure(), Builder::with_service_name);
            let sets = self.sets.iter().map(|set| &**set);
            sets.fold(builder, Builder::register_encoded_file_descriptor_set)
                // Clients show the details of errors that they find described.
                .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
                // Each version lists the other as well.
                .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET)
        };
        let (v1, v1alpha) = (builder().build_v1()?, builder().build_v1alpha()?);
        router.add(V1, &[], v1);
        router.add(V1ALPHA, &[], v1alpha);
        Ok(())
    }
}

//! What generated code says of a service: its methods, how each behaves, and its descriptors.
//!
//! `nearcall-build` writes one [`Service`] per service as a `static`; servers and channels read it to know which calls
//! stream, which may be retried, and what to answer to reflection.

use std::sync::Arc;

use crate::direct::Direct;

/// How often a method may be carried out for one call, as its `.proto` says (`idempotency_level` of
/// `google.protobuf.MethodOptions`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Idempotency {
    /// Nothing is said: a call is never repeated.
    #[default]
    Unknown,
    /// `NO_SIDE_EFFECTS`: safe to repeat.
    NoSideEffects,
    /// `IDEMPOTENT`: repeating has no further effect.
    Idempotent,
}

impl Idempotency {
    /// Whether a failed call may be sent again without the caller's asking.
    #[must_use]
    pub const fn may_repeat(self) -> bool {
        matches!(self, Self::NoSideEffects | Self::Idempotent)
    }
}

/// One method of a service.
#[derive(Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Method {
    /// Full name of the service, such as `arith.v1.Arith`.
    pub service: &'static str,
    /// Name as the `.proto` spells it, such as `Multiply`.
    pub name: &'static str,
    /// The path of a call, `/arith.v1.Arith/Multiply`.
    pub path: &'static str,
    /// Whether the caller sends a stream of messages.
    pub client_streaming: bool,
    /// Whether the answer is a stream of messages.
    pub server_streaming: bool,
    /// Whether a call may be repeated.
    pub idempotency: Idempotency,
}

impl Method {
    /// A unary method that says nothing of repeating; generated code goes on from here.
    #[must_use]
    pub const fn new(service: &'static str, name: &'static str, path: &'static str) -> Self {
        Self {
            service,
            name,
            path,
            client_streaming: false,
            server_streaming: false,
            idempotency: Idempotency::Unknown,
        }
    }

    /// Says which sides stream.
    #[must_use]
    pub const fn streaming(mut self, client: bool, server: bool) -> Self {
        self.client_streaming = client;
        self.server_streaming = server;
        self
    }

    /// Says whether a call may be repeated.
    #[must_use]
    pub const fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = idempotency;
        self
    }

    /// Whether neither side streams.
    #[must_use]
    pub const fn is_unary(&self) -> bool {
        !self.client_streaming && !self.server_streaming
    }
}

/// One service: what a server needs to serve it beside the handler.
#[derive(Debug)]
#[non_exhaustive]
pub struct Service {
    /// Full name, such as `arith.v1.Arith`.
    pub name: &'static str,
    /// Every method, in the order of the `.proto`.
    pub methods: &'static [Method],
    /// An encoded `google.protobuf.FileDescriptorSet` that holds the service's file and every file it imports.
    pub file_descriptor_set: &'static [u8],
}

impl Service {
    /// The table that generated code writes.
    #[must_use]
    pub const fn new(
        name: &'static str,
        methods: &'static [Method],
        file_descriptor_set: &'static [u8],
    ) -> Self {
        Self {
            name,
            methods,
            file_descriptor_set,
        }
    }
}

/// A generated server type that can say what it serves.
pub trait Described {
    /// The table of the service.
    const SERVICE: &'static Service;

    /// The same server without HTTP around it; none where something else is around it, which would be left out.
    fn direct(&self) -> Option<Arc<dyn Direct>> {
        None
    }
}

impl<S: Described, F> Described for tonic::service::interceptor::InterceptedService<S, F> {
    const SERVICE: &'static Service = S::SERVICE;
}

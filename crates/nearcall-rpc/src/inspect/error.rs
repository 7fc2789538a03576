//! What can go wrong when a server is asked about itself.

use std::time::Duration;

use tonic::Status;

/// Why a server did not say what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// It serves neither version of reflection.
    #[error(
        "the server has no reflection: it answered UNIMPLEMENTED to grpc.reflection.v1 and v1alpha; \
         add reflection to it, or give its descriptors as a file"
    )]
    NoReflection,
    /// It does not serve `grpc.health.v1`.
    #[error(
        "the server has no health check: it answered UNIMPLEMENTED to grpc.health.v1.Health/Check"
    )]
    NoHealth,
    /// It has no descriptor for a name.
    #[error("the server's reflection knows no {symbol}")]
    UnknownSymbol {
        /// The name that was asked for.
        symbol: String,
    },
    /// Its health check knows no such service.
    #[error("the server's health check knows no {service:?}")]
    UnknownService {
        /// The name that was asked for.
        service: String,
    },
    /// The descriptors of one symbol have too many files.
    #[error("the descriptors of {symbol} have more than {limit} files")]
    TooManyFiles {
        /// The name that was asked for.
        symbol: String,
        /// The limit, [`FILES_MAX`](super::FILES_MAX).
        limit: usize,
    },
    /// The descriptors of one symbol are too long.
    #[error("the descriptors of {symbol} have more than {limit} bytes")]
    TooManyBytes {
        /// The name that was asked for.
        symbol: String,
        /// The limit in bytes, [`DESCRIPTOR_BYTES_MAX`](super::DESCRIPTOR_BYTES_MAX).
        limit: usize,
    },
    /// The descriptors of one symbol take too long to come.
    #[error("the descriptors of {symbol} did not all come within {limit:?}")]
    TooSlow {
        /// The name that was asked for.
        symbol: String,
        /// The limit, [`DESCRIPTORS_DEADLINE`](super::DESCRIPTORS_DEADLINE).
        limit: Duration,
    },
    /// An answer is not what the protocol says.
    #[error("expected {expected} in answer to the question for {asked}, found {found}")]
    Malformed {
        /// What was asked.
        asked: String,
        /// What the answer should have held.
        expected: &'static str,
        /// What it held.
        found: String,
    },
    /// The call failed.
    #[error("asking the server for {asked} failed: {} ({:?})", status.message(), status.code())]
    Call {
        /// What was asked.
        asked: String,
        /// How the call ended.
        status: Box<Status>,
    },
}

//! Asks a gRPC server about itself: which services it serves, what their messages look like, whether it is well.
//!
//! The server may be anyone's and is not trusted: every answer and every sum of answers has a limit, so that no server
//! can keep the asker busy or fill its memory.
//!
//! ```
//! # async fn example<T>(channel: T) -> Result<(), nearcall_rpc::inspect::InspectError>
//! # where
//! #     T: tonic::client::GrpcService<tonic::body::Body> + Clone,
//! #     T::ResponseBody: http_body::Body + Send + 'static,
//! #     <T::ResponseBody as http_body::Body>::Error: Into<tonic::codegen::StdError>,
//! # {
//! use nearcall_rpc::inspect::Inspector;
//!
//! let mut server = Inspector::new(channel);
//! for service in server.services().await? {
//!     let descriptors = server.descriptors(&service).await?;
//!     println!("{service}: {} files", descriptors.files.len());
//! }
//! # Ok(())
//! # }
//! ```

mod descriptors;
mod error;
mod health;
mod reflection;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use descriptors::{Descriptors, ERROR_DETAILS};
pub use error::InspectError;
pub use health::Health;

use reflection::Version;

/// Limit: files that the descriptors of one symbol may have, imports of imports included.
pub const FILES_MAX: usize = 2_048;

/// Limit: bytes that the descriptors of one symbol may have in all.
pub const DESCRIPTOR_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Limit: bytes of one answer of the server about itself.
pub const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Limit: how long one question may take.
pub const QUESTION_DEADLINE: Duration = Duration::from_secs(5);

/// Limit: how long the descriptors of one symbol may take in all.
pub const DESCRIPTORS_DEADLINE: Duration = Duration::from_secs(20);

/// Asks one server about itself.
///
/// It remembers which version of reflection the server speaks.
#[derive(Debug, Clone)]
pub struct Inspector<T> {
    channel: T,
    version: Version,
    deadline: Duration,
}

impl<T> Inspector<T> {
    /// Asks the server behind `channel`.
    pub const fn new(channel: T) -> Self {
        Self {
            channel,
            version: Version::V1,
            deadline: QUESTION_DEADLINE,
        }
    }

    /// Waits at most this long for each answer. Default: [`QUESTION_DEADLINE`].
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

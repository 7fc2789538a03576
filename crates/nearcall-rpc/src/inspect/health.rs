//! Whether a server says that it is well (`grpc.health.v1`).

use std::fmt;

use http_body::Body as HttpBody;
use prost::Message as _;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codegen::StdError;
use tonic::{Code, Request};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::{ANSWER_BYTES_MAX, InspectError, Inspector};
use crate::raw::{self, CallOptions, MethodPath};

/// What a server says of itself or of one of its services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Health {
    /// It serves.
    Serving,
    /// It does not serve now.
    NotServing,
    /// It does not know yet, or says something that this version does not know.
    Unknown,
}

impl Health {
    /// The word for it: `serving`, `not serving` or `unknown`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::NotServing => "not serving",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<T> Inspector<T>
where
    T: GrpcService<Body> + Clone,
    T::ResponseBody: HttpBody + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError>,
{
    /// Whether `service` is served now; the empty name asks for the server as a whole.
    ///
    /// # Errors
    ///
    /// [`InspectError::NoHealth`] when the server cannot be asked, [`InspectError::UnknownService`] when it does not
    /// know the name, and otherwise how the call failed.
    pub async fn health(&self, service: &str) -> Result<Health, InspectError> {
        let asked = || format!("the health of {service:?}");
        let failed = |status| InspectError::Call {
            asked: asked(),
            status: Box::new(status),
        };
        let path = MethodPath::new("grpc.health.v1.Health", "Check")
            .map_err(|error| failed(tonic::Status::internal(error.to_string())))?;
        let question = HealthCheckRequest {
            service: service.to_owned(),
        };
        let request = Request::new(question.encode_to_vec().into());
        let options = CallOptions::default()
            .deadline(self.deadline)
            .message_max(ANSWER_BYTES_MAX);
        let answer = match raw::unary(self.channel.clone(), &path, request, options).await {
            Ok(answer) => answer.into_inner(),
            Err(status) if status.code() == Code::Unimplemented => {
                return Err(InspectError::NoHealth);
            }
            Err(status) if status.code() == Code::NotFound => {
                return Err(InspectError::UnknownService {
                    service: service.to_owned(),
                });
            }
            Err(status) => return Err(failed(status)),
        };
        let answer =
            HealthCheckResponse::decode(answer).map_err(|error| InspectError::Malformed {
                asked: asked(),
                expected: "a HealthCheckResponse",
                found: error.to_string(),
            })?;
        Ok(match answer.status() {
            ServingStatus::Serving => Health::Serving,
            ServingStatus::NotServing => Health::NotServing,
            ServingStatus::Unknown | ServingStatus::ServiceUnknown => Health::Unknown,
        })
    }
}

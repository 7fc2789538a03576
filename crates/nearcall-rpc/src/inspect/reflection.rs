//! Server reflection: one question, one answer, in the version that the server speaks.
//!
//! Source: `grpc/reflection/v1/reflection.proto`. Version v1alpha has the same bytes under another name, which is why
//! one set of types does for both.

use bytes::Bytes;
use http_body::Body as HttpBody;
use prost::Message as _;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codegen::StdError;
use tonic::{Code, Request, Status};
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use super::{ANSWER_BYTES_MAX, InspectError, Inspector};
use crate::raw::{self, CallOptions, MethodPath};

/// Which version of reflection to ask in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V1Alpha,
}

impl Version {
    const fn service(self) -> &'static str {
        match self {
            Self::V1 => "grpc.reflection.v1.ServerReflection",
            Self::V1Alpha => "grpc.reflection.v1alpha.ServerReflection",
        }
    }
}

impl<T> Inspector<T>
where
    T: GrpcService<Body> + Clone,
    T::ResponseBody: HttpBody + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError>,
{
    /// The full names of the services that the server serves, in its order, reflection itself included.
    ///
    /// # Errors
    ///
    /// [`InspectError::NoReflection`] when the server cannot be asked, and otherwise how the call failed.
    pub async fn services(&mut self) -> Result<Vec<String>, InspectError> {
        let asked = "its services";
        match self
            .ask(asked, MessageRequest::ListServices(String::new()))
            .await?
        {
            MessageResponse::ListServicesResponse(list) => Ok(list
                .service
                .into_iter()
                .map(|service| service.name)
                .collect()),
            other => Err(unexpected(asked, "a list of services", &other)),
        }
    }

    /// The file that defines `symbol`, and whichever of its imports the server sends along.
    pub(super) async fn files_with_symbol(
        &mut self,
        symbol: &str,
    ) -> Result<Vec<Bytes>, InspectError> {
        self.files(symbol, MessageRequest::FileContainingSymbol(symbol.into()))
            .await
    }

    /// The file of a name.
    pub(super) async fn files_by_name(&mut self, name: &str) -> Result<Vec<Bytes>, InspectError> {
        self.files(name, MessageRequest::FileByFilename(name.into()))
            .await
    }

    async fn files(
        &mut self,
        asked: &str,
        question: MessageRequest,
    ) -> Result<Vec<Bytes>, InspectError> {
        match self.ask(asked, question).await {
            Ok(MessageResponse::FileDescriptorResponse(files)) => Ok(files
                .file_descriptor_proto
                .into_iter()
                .map(Bytes::from)
                .collect()),
            Ok(other) => Err(unexpected(asked, "file descriptors", &other)),
            Err(InspectError::Call { status, .. }) if status.code() == Code::NotFound => {
                Err(InspectError::UnknownSymbol {
                    symbol: asked.to_owned(),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Puts one question, in the other version too when the server does not speak the first.
    async fn ask(
        &mut self,
        asked: &str,
        question: MessageRequest,
    ) -> Result<MessageResponse, InspectError> {
        let message = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(question),
        };
        let message = Bytes::from(message.encode_to_vec());
        let answer = match self.exchange(self.version, message.clone()).await {
            Err(status) if status.code() == Code::Unimplemented && self.version == Version::V1 => {
                let answer = self.exchange(Version::V1Alpha, message).await;
                if answer.is_ok() {
                    self.version = Version::V1Alpha;
                }
                answer
            }
            answer => answer,
        };
        let answer = answer.map_err(|status| match status.code() {
            Code::Unimplemented => InspectError::NoReflection,
            _ => failed(asked, status),
        })?;
        let answer =
            ServerReflectionResponse::decode(answer).map_err(|error| InspectError::Malformed {
                asked: asked.to_owned(),
                expected: "a ServerReflectionResponse",
                found: error.to_string(),
            })?;
        match answer.message_response {
            // Some servers end the call with the status, others wrap it: it is told alike.
            Some(MessageResponse::ErrorResponse(error)) => Err(failed(
                asked,
                Status::new(Code::from_i32(error.error_code), error.error_message),
            )),
            Some(response) => Ok(response),
            None => Err(InspectError::Malformed {
                asked: asked.to_owned(),
                expected: "an answer",
                found: "nothing in it".to_owned(),
            }),
        }
    }

    /// One call with one message each way. The method streams, so anything after the first answer is left unread.
    async fn exchange(&self, version: Version, message: Bytes) -> Result<Bytes, Status> {
        let path = MethodPath::new(version.service(), "ServerReflectionInfo")
            .map_err(|error| Status::internal(error.to_string()))?;
        let options = CallOptions::default()
            .deadline(self.deadline)
            .message_max(ANSWER_BYTES_MAX);
        let request = Request::new(tokio_stream::once(message));
        let mut replies = raw::call(self.channel.clone(), &path, request, options)
            .await?
            .into_inner();
        replies
            .message()
            .await?
            .ok_or_else(|| Status::internal("the server ended the call without an answer"))
    }
}

fn failed(asked: &str, status: Status) -> InspectError {
    InspectError::Call {
        asked: asked.to_owned(),
        status: Box::new(status),
    }
}

fn unexpected(asked: &str, expected: &'static str, found: &MessageResponse) -> InspectError {
    let found = match found {
        MessageResponse::FileDescriptorResponse(_) => "file descriptors",
        MessageResponse::AllExtensionNumbersResponse(_) => "extension numbers",
        MessageResponse::ListServicesResponse(_) => "a list of services",
        MessageResponse::ErrorResponse(_) => "an error",
    };
    InspectError::Malformed {
        asked: asked.to_owned(),
        expected,
        found: found.to_owned(),
    }
}

//! `grpc.testing.TestService`, the service that gRPC's own projects test each other with, as a service of nearcall: their
//! clients call it, and say whether nearcall speaks gRPC as they do.
//!
//! What its methods have to do is said by the public descriptions of the cases (`doc/interop-test-descriptions.md` of
//! grpc/grpc, "Server").

mod answers;
mod echo;

use std::pin::Pin;
use std::sync::Arc;

use nearcall::tokio_stream::Stream;
use nearcall::{Code, Request, Response, Status, Streaming, async_trait};

use crate::probe::{Tally, Watched};
use answers::Answers;
use echo::Echo;
pub use echo::{INITIAL, TRAILING};
use pb::{
    EchoStatus, Empty, Payload, SimpleRequest, SimpleResponse, StreamingInputCallRequest,
    StreamingInputCallResponse, StreamingOutputCallRequest, StreamingOutputCallResponse,
};

/// Generated from `proto/grpc/testing/test.proto`.
pub mod pb {
    nearcall::include_proto!("grpc.testing");
}

/// How many bytes of payload one message of an answer may have; who asks for more is refused.
pub const PAYLOAD_LEN_MAX: usize = 4 << 20;

/// How many messages HalfDuplexCall keeps until all have come.
pub const HALF_DUPLEX_MESSAGES_MAX: usize = 1_000;

type Outputs = Pin<Box<dyn Stream<Item = Result<StreamingOutputCallResponse, Status>> + Send>>;

/// The handler.
#[derive(Debug, Clone, Default)]
pub struct TestService {
    /// What became of the handlers so far.
    pub tally: Arc<Tally>,
}

#[async_trait]
impl pb::test_service_server::TestService for TestService {
    async fn empty_call(&self, _request: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Response::new(Empty {}))
    }

    async fn unary_call(
        &self,
        request: Request<SimpleRequest>,
    ) -> Result<Response<SimpleResponse>, Status> {
        let echo = Echo::of(&request);
        let request = request.into_inner();
        asked_for(request.response_status)?;
        let server_id = if request.fill_server_id {
            std::process::id().to_string()
        } else {
            String::new()
        };
        Ok(echo.with(SimpleResponse {
            payload: Some(zeros(request.response_size)?),
            server_id,
        }))
    }

    type StreamingOutputCallStream = Outputs;

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<Outputs>, Status> {
        let watched = Watched::new(&self.tally);
        let requests = [request.into_inner()];
        Ok(Response::new(Box::pin(Answers::to_all(requests, watched))))
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let mut watched = Watched::new(&self.tally);
        let mut requests = request.into_inner();
        let mut sum = 0;
        while let Some(request) = requests.message().await? {
            sum += request.payload.map_or(0, |payload| payload.body.len());
        }
        watched.done();
        let aggregated_payload_size = i32::try_from(sum).map_err(|_| {
            Status::out_of_range(format!("{sum} bytes of payload do not fit in 31 bits"))
        })?;
        Ok(Response::new(StreamingInputCallResponse {
            aggregated_payload_size,
        }))
    }

    type FullDuplexCallStream = Outputs;

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Outputs>, Status> {
        let watched = Watched::new(&self.tally);
        let echo = Echo::of(&request);
        let requests = request.into_inner();
        Ok(echo.with(Box::pin(Answers::to_each(requests, watched))))
    }

    type HalfDuplexCallStream = Outputs;

    async fn half_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Outputs>, Status> {
        let watched = Watched::new(&self.tally);
        let mut coming = request.into_inner();
        let mut requests = Vec::new();
        while let Some(request) = coming.message().await? {
            if requests.len() == HALF_DUPLEX_MESSAGES_MAX {
                return Err(Status::resource_exhausted(format!(
                    "the call has more than {HALF_DUPLEX_MESSAGES_MAX} messages"
                )));
            }
            requests.push(request);
        }
        Ok(Response::new(Box::pin(Answers::to_all(requests, watched))))
    }
}

/// The status that the caller wants, if it wants one.
fn asked_for(status: Option<EchoStatus>) -> Result<(), Status> {
    match status {
        Some(EchoStatus { code, message }) if code != 0 => {
            Err(Status::new(Code::from(code), message))
        }
        _ => Ok(()),
    }
}

/// A payload of as many bytes.
fn zeros(len: i32) -> Result<Payload, Status> {
    let fits = usize::try_from(len)
        .ok()
        .filter(|len| *len <= PAYLOAD_LEN_MAX);
    let len = fits.ok_or_else(|| {
        Status::invalid_argument(format!(
            "a payload may have 0 to {PAYLOAD_LEN_MAX} bytes, asked for were {len}"
        ))
    })?;
    Ok(Payload {
        body: vec![0; len],
        ..Payload::default()
    })
}

//! The service that every server has, so that clients which speak gRPC can host too.

use std::pin::Pin;
use std::sync::Arc;

use nearcall_lane::Side;
use nearcall_proto::callback::v1::callbacks_server::{Callbacks, CallbacksServer};
use nearcall_proto::callback::v1::host_request::Says;
use nearcall_proto::callback::v1::{Hello, HostRequest, HostResponse, Ready, host_response};
use nearcall_transport::{Connection, Peer};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::relay::Relay;
use super::run::run;
use super::{Caller, Stands};
use crate::lane::{self, Lane, Nobody, Origin};
use crate::limits::{CALLBACK_SERVICES_MAX, CALLBACK_WORDS_MAX, PREFACE_TIMEOUT};
use crate::raw::MethodPath;
use crate::wire::Wire;

/// The path of its one method.
pub(crate) const HOST_PATH: &str = "/nearcall.callback.v1.Callbacks/Host";

/// The service.
pub(crate) fn service() -> CallbacksServer<impl Callbacks> {
    CallbacksServer::new(Service)
}

#[derive(Debug)]
struct Service;

#[async_trait]
impl Callbacks for Service {
    type HostStream = Pin<Box<dyn Stream<Item = Result<HostResponse, Status>> + Send>>;

    async fn host(
        &self,
        request: Request<Streaming<HostRequest>>,
    ) -> Result<Response<Self::HostStream>, Status> {
        let peer = request.extensions().get::<Peer>().cloned();
        let peer = peer.ok_or_else(|| Status::internal("the call has no connection"))?;
        let Some(Caller::Grpc(stands)) = peer.attached() else {
            return Err(Status::failed_precondition(
                "this stream is for gRPC; on the lane the server calls without it",
            ));
        };
        let mut heard = request.into_inner();
        let services = services(&mut heard).await?;
        let stands = Arc::clone(stands);
        Ok(Response::new(Box::pin(begin(
            &stands, services, heard, peer,
        ))))
    }
}

/// The client's first word.
async fn services(heard: &mut Streaming<HostRequest>) -> Result<Vec<String>, Status> {
    let first = tokio::time::timeout(PREFACE_TIMEOUT, heard.message())
        .await
        .map_err(|_| Status::deadline_exceeded("expected Hello, found nothing"))??;
    let Some(Says::Hello(Hello { services })) = first.and_then(|first| first.says) else {
        return Err(Status::invalid_argument(
            "expected Hello as the first word, found another",
        ));
    };
    if services.is_empty() || services.len() > CALLBACK_SERVICES_MAX {
        return Err(Status::invalid_argument(format!(
            "expected the names of 1 to {CALLBACK_SERVICES_MAX} services, found {}",
            services.len()
        )));
    }
    let unfit = services
        .iter()
        .find(|name| MethodPath::new(name, "Any").is_err());
    match unfit {
        None => Ok(services),
        Some(name) => Err(Status::invalid_argument(format!(
            "expected the full name of a service, found {name:?}"
        ))),
    }
}

/// Lets handlers call the client, as long as the answer is read.
fn begin(
    stands: &Arc<Stands>,
    services: Vec<String>,
    heard: Streaming<HostRequest>,
    peer: Peer,
) -> impl Stream<Item = Result<HostResponse, Status>> + Send + use<> {
    let (callers, ours) = Connection::pair();
    let origin = Origin {
        peer,
        wire: Wire::Grpc,
    };
    let (shared, driver) = lane::within(Side::Connector, callers, Nobody, origin);
    tokio::spawn(driver.ends_unused());
    let standing = stands.take_up(Lane::new(shared, Wire::Grpc));
    let (out, words) = mpsc::channel(CALLBACK_WORDS_MAX);
    tokio::spawn(async move {
        let ended = tokio::select! {
            ended = run(Relay::of_server(services), ours, heard, &out) => ended,
            () = standing.replaced.cancelled() => {
                Err(Status::aborted("a later stream of the same connection took the place of this one"))
            }
        };
        drop(standing);
        if let Err(status) = ended {
            tracing::debug!(%status, "a stream of callbacks ended");
            // Nobody may be left to hear it.
            let _ = out.send(Err(status)).await;
        }
    });
    let ready = HostResponse {
        says: Some(host_response::Says::Ready(Ready {})),
    };
    let words = ReceiverStream::new(words).map(|word| word.map(HostResponse::from));
    tokio_stream::once(Ok(ready)).chain(words)
}

//! How a client that hosts, and finds itself on gRPC, lets the server call.

use std::sync::Arc;

use nearcall_lane::Side;
use nearcall_proto::callback::v1::callbacks_client::CallbacksClient;
use nearcall_proto::callback::v1::host_request::Says;
use nearcall_proto::callback::v1::host_response;
use nearcall_proto::callback::v1::{Hello, HostRequest, HostResponse};
use nearcall_transport::{Connection, Peer};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Status, Streaming};

use super::Host;
use super::relay::Relay;
use super::run::run;
use super::words::Word;
use crate::channel::{Channel, Sender};
use crate::context::Context;
use crate::lane::{self, Origin};
use crate::limits::CALLBACK_WORDS_MAX;
use crate::wire::Wire;

/// Opens the stream on a new connection, and waits until the server knows the services. They are hosted until the guard
/// is dropped or the connection ends; none where the server does not take the stream, which it says to every caller then.
pub(crate) async fn open(sender: &Sender, host: &Host, server: Peer) -> Option<Arc<DropGuard>> {
    let (out, words) = mpsc::channel(CALLBACK_WORDS_MAX);
    let channel = Channel::given(sender.clone());
    // The call that makes the connection has a deadline, which is not the stream's.
    let opening = Context::new().scope(greet(channel, says(host, words)));
    let heard = match opening.await {
        Ok(heard) => heard,
        Err(status) => {
            tracing::warn!(%server, %status, "the server does not call what this client hosts");
            return None;
        }
    };
    let (hosts, ours) = Connection::pair();
    let origin = Origin {
        peer: server,
        wire: Wire::Grpc,
    };
    let (_shared, driver) = lane::within(Side::Acceptor, hosts, host.stack(), origin);
    tokio::spawn(driver);
    let unused = CancellationToken::new();
    let guard = unused.clone().drop_guard();
    tokio::spawn(async move {
        let ended = tokio::select! {
            ended = run(Relay::of_client(), ours, heard, &out) => ended,
            () = unused.cancelled() => Ok(()),
        };
        if let Err(status) = ended {
            tracing::debug!(%status, "the server calls no more what this client hosts");
        }
    });
    Some(Arc::new(guard))
}

/// What the client says on the stream.
fn says(
    host: &Host,
    words: mpsc::Receiver<Result<Word, Status>>,
) -> impl Stream<Item = HostRequest> + Send + use<> {
    let hello = HostRequest {
        says: Some(Says::Hello(Hello {
            services: host.services(),
        })),
    };
    let words = ReceiverStream::new(words).map_while(Result::ok);
    tokio_stream::once(hello).chain(words.map(HostRequest::from))
}

async fn greet(
    channel: Channel,
    says: impl Stream<Item = HostRequest> + Send + 'static,
) -> Result<Streaming<HostResponse>, Status> {
    let mut heard = CallbacksClient::new(channel).host(says).await?.into_inner();
    match heard.message().await?.and_then(|first| first.says) {
        Some(host_response::Says::Ready(_)) => Ok(heard),
        found => Err(Status::internal(format!(
            "expected Ready as the first word, found {found:?}"
        ))),
    }
}

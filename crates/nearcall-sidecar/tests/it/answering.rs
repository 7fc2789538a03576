//! Services of a few lines, whose messages are what a test says.

use nearcall_rpc::raw::{self, CallOptions, MethodPath, RawService};
use nearcall_rpc::{Channel, Server};
use prost::Message;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt as _;
use tonic::{Request, Response, Status, Streaming};

use super::served::address_in;

/// A server of such services.
pub(crate) struct Answering {
    address: String,
    task: JoinHandle<()>,
    _folder: TempDir,
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Answering {
    pub(crate) async fn of(services: impl FnOnce(Server) -> Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = address_in(folder.path());
        let bound = services(Server::new(&address)).bind().await.unwrap();
        let task = tokio::spawn(async { drop(bound.serve().await) });
        Self {
            address,
            task,
            _folder: folder,
        }
    }

    pub(crate) async fn channel(&self) -> Channel {
        Channel::connect(&self.address).await.unwrap()
    }
}

/// Answers one message with another.
pub(crate) fn method<Asked, Answer>(
    service: RawService,
    name: &str,
    answer: impl Fn(Request<Asked>) -> Result<Answer, Status> + Clone + Send + Sync + 'static,
) -> RawService
where
    Asked: Message + Default,
    Answer: Message,
{
    service
        .method(name, false, move |request: Request<Streaming<_>>| {
            let answer = answer.clone();
            Box::pin(async move {
                let (metadata, extensions, mut messages) = request.into_parts();
                let bytes: bytes::Bytes = messages.next().await.expect("a message")?;
                let asked = Asked::decode(bytes).expect("of that kind");
                let answer = answer(Request::from_parts(metadata, extensions, asked))?;
                let encoded = Ok(answer.encode_to_vec().into());
                Ok(Response::new(
                    Box::pin(tokio_stream::once(encoded)) as raw::Messages
                ))
            })
        })
        .unwrap()
}

/// Calls such a method.
pub(crate) async fn call<Answer: Message + Default>(
    channel: &Channel,
    service: &str,
    method: &str,
    asked: &impl Message,
) -> Answer {
    let path = MethodPath::new(service, method).unwrap();
    let request = Request::new(asked.encode_to_vec().into());
    let answer = raw::unary(channel.clone(), &path, request, CallOptions::default()).await;
    Answer::decode(answer.unwrap().into_inner()).unwrap()
}

//! tonic's own server and channel on a Unix socket, with nothing set, on one thread each.

#![cfg(unix)]

use contract::{Load, Peer, Result, Role};
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::{Endpoint, Server};
use tonic::{Request, Response, Status};

mod proto {
    tonic::include_proto!("bench.v1");
}

use proto::echo_client::EchoClient;
use proto::echo_server::{Echo, EchoServer};
use proto::{EchoRequest, EchoResponse};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    match Peer::from_args()?.role {
        Role::Server { address } => serve(&address).await,
        Role::Client(load) => call(&load).await,
    }
}

struct Echoes;

#[tonic::async_trait]
impl Echo for Echoes {
    async fn echo(
        &self,
        request: Request<EchoRequest>,
    ) -> std::result::Result<Response<EchoResponse>, Status> {
        let payload = request.into_inner().payload;
        Ok(Response::new(EchoResponse { payload }))
    }
}

async fn serve(address: &str) -> Result<()> {
    let incoming = UnixListenerStream::new(UnixListener::bind(address)?);
    contract::listening(address);
    Server::builder()
        .add_service(EchoServer::new(Echoes))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}

async fn call(load: &Load) -> Result<()> {
    let address = load.address.clone();
    let connector = tower::service_fn(move |_| {
        let address = address.clone();
        async move { UnixStream::connect(address).await.map(TokioIo::new) }
    });
    let channel = Endpoint::from_static("http://localhost")
        .connect_with_connector(connector)
        .await?;
    let client = EchoClient::new(channel);
    for lap in load.laps() {
        let lap = lap?;
        let mut callers = Vec::new();
        for _ in 0..load.in_flight {
            let (mut client, mut caller) = (client.clone(), lap.caller());
            let payload = vec![7; load.payload];
            callers.push(tokio::spawn(async move {
                while caller.goes_on() {
                    let request = EchoRequest {
                        payload: payload.clone(),
                    };
                    let answer = client.echo(request).await?.into_inner();
                    caller.called();
                    contract::echoed(payload.len(), answer.payload.len())?;
                }
                Result::Ok(caller)
            }));
        }
        let mut back = Vec::new();
        for caller in callers {
            back.push(caller.await??);
        }
        lap.end(back)?;
    }
    Ok(())
}

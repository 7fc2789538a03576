//! ttrpc's async server and client over a Unix socket, with nothing set, on one thread each.

#![cfg(unix)]

use std::future::pending;
use std::sync::Arc;

use async_trait::async_trait;
use contract::{Load, Peer, Result, Role};
use ttrpc::asynchronous::{Client, Server, TtrpcContext};
use ttrpc::context;

mod proto {
    include!(concat!(env!("OUT_DIR"), "/proto.rs"));
}

use proto::echo::{EchoRequest, EchoResponse};
use proto::echo_ttrpc::{Echo, EchoClient, create_echo};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    match Peer::from_args()?.role {
        Role::Server { address } => serve(&address).await,
        Role::Client(load) => call(&load).await,
    }
}

struct Echoes;

#[async_trait]
impl Echo for Echoes {
    async fn echo(&self, _: &TtrpcContext, request: EchoRequest) -> ttrpc::Result<EchoResponse> {
        Ok(EchoResponse {
            payload: request.payload,
            ..Default::default()
        })
    }
}

async fn serve(address: &str) -> Result<()> {
    let mut server = Server::new()
        .bind(&format!("unix://{address}"))?
        .register_service(create_echo(Arc::new(Echoes)));
    server.start().await?;
    contract::listening(address);
    pending().await
}

async fn call(load: &Load) -> Result<()> {
    let client = Client::connect(&format!("unix://{}", load.address)).await?;
    let client = EchoClient::new(client);
    for lap in load.laps() {
        let lap = lap?;
        let mut callers = Vec::new();
        for _ in 0..load.in_flight {
            let (client, mut caller) = (client.clone(), lap.caller());
            let payload = vec![7; load.payload];
            callers.push(tokio::spawn(async move {
                while caller.goes_on() {
                    let request = EchoRequest {
                        payload: payload.clone(),
                        ..Default::default()
                    };
                    let answer = client.echo(context::Context::default(), &request).await?;
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

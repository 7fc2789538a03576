//! tarpc with bincode over a Unix socket, with nothing set, on one thread each.

#![cfg(unix)]

use contract::{Load, Peer, Result, Role};
use futures::StreamExt as _;
use serde_bytes::ByteBuf;
use tarpc::serde_transport::unix;
use tarpc::server::{BaseChannel, Channel as _};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::{client, context};

/// Bytes as bytes: a plain `Vec<u8>` is written number by number.
#[tarpc::service]
trait Echo {
    async fn echo(payload: ByteBuf) -> ByteBuf;
}

#[derive(Clone)]
struct Echoes;

impl Echo for Echoes {
    async fn echo(self, _: context::Context, payload: ByteBuf) -> ByteBuf {
        payload
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    match Peer::from_args()?.role {
        Role::Server { address } => serve(&address).await,
        Role::Client(load) => call(&load).await,
    }
}

async fn serve(address: &str) -> Result<()> {
    let mut incoming = unix::listen(address, Bincode::default).await?;
    contract::listening(address);
    while let Some(transport) = incoming.next().await {
        let requests = BaseChannel::with_defaults(transport?).execute(Echoes.serve());
        tokio::spawn(requests.for_each(|answer| async {
            tokio::spawn(answer);
        }));
    }
    Ok(())
}

async fn call(load: &Load) -> Result<()> {
    let transport = unix::connect(&load.address, Bincode::default).await?;
    let client = EchoClient::new(client::Config::default(), transport).spawn();
    for lap in load.laps() {
        let lap = lap?;
        let mut callers = Vec::new();
        for _ in 0..load.in_flight {
            let (client, mut caller) = (client.clone(), lap.caller());
            let payload = ByteBuf::from(vec![7; load.payload]);
            callers.push(tokio::spawn(async move {
                while caller.goes_on() {
                    let answer = client.echo(context::current(), payload.clone()).await?;
                    caller.called();
                    contract::echoed(payload.len(), answer.len())?;
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

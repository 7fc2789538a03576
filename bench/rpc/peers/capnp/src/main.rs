//! capnp-rpc over a Unix socket, with nothing set, on one thread each.

#![cfg(unix)]

use std::rc::Rc;

use capnp_rpc::rpc_twoparty_capnp::Side;
use capnp_rpc::twoparty::VatNetwork;
use capnp_rpc::{RpcSystem, new_client};
use contract::{Load, Peer, Result, Role};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{LocalSet, spawn_local};
use tokio_util::compat::{TokioAsyncReadCompatExt as _, TokioAsyncWriteCompatExt as _};

#[expect(
    clippy::all,
    unused_qualifications,
    reason = "generated code is held to the lints of its generator"
)]
mod echo_capnp {
    include!(concat!(env!("OUT_DIR"), "/echo_capnp.rs"));
}

use echo_capnp::echo;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let role = Peer::from_args()?.role;
    // Its objects stay on the thread that they were made on.
    LocalSet::new()
        .run_until(async {
            match role {
                Role::Server { address } => serve(&address).await,
                Role::Client(load) => call(&load).await,
            }
        })
        .await
}

struct Echoes;

impl echo::Server for Echoes {
    async fn echo(
        self: Rc<Self>,
        request: echo::EchoParams,
        mut answer: echo::EchoResults,
    ) -> std::result::Result<(), capnp::Error> {
        answer.get().set_payload(request.get()?.get_payload()?);
        Ok(())
    }
}

async fn serve(address: &str) -> Result<()> {
    let listener = UnixListener::bind(address)?;
    contract::listening(address);
    let service: echo::Client = new_client(Echoes);
    loop {
        let (stream, _) = listener.accept().await?;
        let network = network(stream, Side::Server);
        let system = RpcSystem::new(Box::new(network), Some(service.clone().client));
        spawn_local(system);
    }
}

type Network = VatNetwork<tokio_util::compat::Compat<tokio::net::unix::OwnedReadHalf>>;

fn network(stream: UnixStream, side: Side) -> Network {
    let (read, write) = stream.into_split();
    VatNetwork::new(
        read.compat(),
        write.compat_write(),
        side,
        capnp::message::ReaderOptions::new(),
    )
}

async fn call(load: &Load) -> Result<()> {
    let stream = UnixStream::connect(&load.address).await?;
    let mut system = RpcSystem::new(Box::new(network(stream, Side::Client)), None);
    let client: echo::Client = system.bootstrap(Side::Server);
    spawn_local(system);
    for lap in load.laps() {
        let lap = lap?;
        let mut callers = Vec::new();
        for _ in 0..load.in_flight {
            let (client, mut caller) = (client.clone(), lap.caller());
            let payload = vec![7; load.payload];
            callers.push(spawn_local(async move {
                while caller.goes_on() {
                    let mut request = client.echo_request();
                    request.get().set_payload(&payload);
                    let answer = request.send().promise.await?;
                    let got = answer.get()?.get_payload()?.len();
                    caller.called();
                    contract::echoed(payload.len(), got)?;
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

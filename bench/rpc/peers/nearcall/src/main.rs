//! nearcall as its README has it, every layer on; `--variant` says over which wire and on which runtime.

use contract::{Load, Peer, Result, Role};
use nearcall::{Channel, Request, Response, Status, Wire, async_trait};

mod proto {
    nearcall::include_proto!("bench.v1");
}

use proto::echo_client::{EchoClient, blocking};
use proto::echo_server::{Echo, EchoServer};
use proto::{EchoRequest, EchoResponse};

fn main() -> Result<()> {
    let peer = Peer::from_args()?;
    let (wire, runtime) = peer.variant.split_once(' ').unwrap_or_default();
    let wire = match wire {
        "grpc" => Wire::Grpc,
        "lane" => Wire::Lane,
        other => return Err(format!("expected grpc or lane, got `{other}`").into()),
    };
    match runtime {
        "current-thread" => nearcall::tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(run(peer.role, wire)),
        "multi-thread" => nearcall::block_on(run(peer.role, wire)),
        "blocking" => match peer.role {
            Role::Server { address } => nearcall::tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(serve(&address)),
            Role::Client(load) => wait(&load, wire),
        },
        other => {
            let expected = "expected current-thread, multi-thread or blocking";
            Err(format!("{expected}, got `{other}`").into())
        }
    }
}

async fn run(role: Role, wire: Wire) -> Result<()> {
    match role {
        Role::Server { address } => serve(&address).await,
        Role::Client(load) => call(&load, wire).await,
    }
}

struct Echoes;

#[async_trait]
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
    let server = nearcall::Server::new(format!("unix:{address}"))
        .add_service(EchoServer::new(Echoes))
        .bind()
        .await?;
    contract::listening(address);
    server.serve().await?;
    Ok(())
}

/// The client of a program that has no runtime.
fn wait(load: &Load, wire: Wire) -> Result<()> {
    let address = format!("unix:{}", load.address);
    let channel = Channel::builder(address).wire(wire).connect_blocking()?;
    let mut client = blocking::EchoClient::new(channel);
    for lap in load.laps() {
        let lap = lap?;
        let mut caller = lap.caller();
        let payload = vec![7; load.payload];
        while caller.goes_on() {
            let request = EchoRequest {
                payload: payload.clone(),
            };
            let answer = client.echo(request)?.into_inner();
            caller.called();
            contract::echoed(payload.len(), answer.payload.len())?;
        }
        lap.end([caller])?;
    }
    Ok(())
}

async fn call(load: &Load, wire: Wire) -> Result<()> {
    let address = format!("unix:{}", load.address);
    let channel = Channel::builder(address).wire(wire).connect().await?;
    let client = EchoClient::new(channel);
    for lap in load.laps() {
        let lap = lap?;
        let mut callers = Vec::new();
        for _ in 0..load.in_flight {
            let (mut client, mut caller) = (client.clone(), lap.caller());
            let payload = vec![7; load.payload];
            callers.push(nearcall::tokio::spawn(async move {
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

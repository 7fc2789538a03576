//! The arith service on tonic's own server and a Unix socket, with nothing of nearcall in it.
//!
//! The checks dial it beside a nearcall server with the same stock clients: what one answers and the other refuses is
//! what nearcall's healing of the `:authority` header is for. Usage: `plain-tonic <socket>`.

use std::env;
use std::error::Error;

use tokio::net::UnixListener;
use tokio_stream::Empty;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

mod arith {
    tonic::include_proto!("arith.v1");
}

use arith::arith_server::{Arith, ArithServer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let socket = env::args_os()
        .nth(1)
        .ok_or("expected the path of a socket: plain-tonic <socket>")?;
    let incoming = UnixListenerStream::new(UnixListener::bind(socket)?);
    Server::builder()
        .add_service(ArithServer::new(Plain))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}

/// Answers `Multiply`; the other methods are not needed to see who is let in.
struct Plain;

#[tonic::async_trait]
impl Arith for Plain {
    type CountStream = Empty<Result<arith::CountResponse, Status>>;
    type RunningTotalStream = Empty<Result<arith::RunningTotalResponse, Status>>;

    async fn multiply(
        &self,
        request: Request<arith::MultiplyRequest>,
    ) -> Result<Response<arith::MultiplyResponse>, Status> {
        let arith::MultiplyRequest { a, b } = request.into_inner();
        let product = a
            .checked_mul(b)
            .ok_or_else(|| Status::out_of_range("the product does not fit"))?;
        Ok(Response::new(arith::MultiplyResponse { product }))
    }

    async fn divide(
        &self,
        _: Request<arith::DivideRequest>,
    ) -> Result<Response<arith::DivideResponse>, Status> {
        Err(not_here("Divide"))
    }

    async fn count(
        &self,
        _: Request<arith::CountRequest>,
    ) -> Result<Response<Self::CountStream>, Status> {
        Err(not_here("Count"))
    }

    async fn sum(
        &self,
        _: Request<Streaming<arith::SumRequest>>,
    ) -> Result<Response<arith::SumResponse>, Status> {
        Err(not_here("Sum"))
    }

    async fn running_total(
        &self,
        _: Request<Streaming<arith::RunningTotalRequest>>,
    ) -> Result<Response<Self::RunningTotalStream>, Status> {
        Err(not_here("RunningTotal"))
    }
}

fn not_here(method: &str) -> Status {
    Status::unimplemented(format!("{method} is not served by the plain server"))
}

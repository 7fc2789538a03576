#![doc = include_str!("../README.md")]

mod arithmetic;
mod labels;
mod service;

use service::ArithService;
use service::proto::arith_server::ArithServer;

fn main() -> Result<(), nearcall::ServeError> {
    nearcall::log::init();
    let target = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "arith".to_owned());
    nearcall::block_on(async {
        nearcall::Server::new(target)
            .add_service(ArithServer::new(ArithService))
            .serve()
            .await?;
        Ok(())
    })
}

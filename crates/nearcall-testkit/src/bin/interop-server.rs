//! Serves `grpc.testing.TestService` at the name or address that is its argument, for the interop clients of other
//! projects.

use nearcall_testkit::interop::TestService;
use nearcall_testkit::interop::pb::test_service_server::TestServiceServer;

fn main() -> Result<(), nearcall::ServeError> {
    nearcall::log::init();
    let target = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "interop".to_owned());
    nearcall::block_on(async {
        nearcall::Server::new(target)
            .add_service(TestServiceServer::new(TestService::default()))
            .serve()
            .await?;
        Ok(())
    })
}

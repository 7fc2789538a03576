//! What generated code says of services, and with each call.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use nearcall::codegen::table::{Described, Method, Service};
use nearcall::codegen::tonic::body::Body;
use nearcall::codegen::tonic::codegen::{InterceptedService, Service as Call, http};
use nearcall::{Request, Response, Status, async_trait, block_on, tokio_stream};
use only_nearcall::proto::everything::v1::calls_client::CallsClient;
use only_nearcall::proto::everything::v1::calls_server::CallsServer;
use only_nearcall::proto::everything::v1::idle_server::{Idle, IdleServer};
use only_nearcall::proto::everything::v1::{CALLS_SERVICE, Everything};
use only_nearcall::proto::game_state::v1::State;
use only_nearcall::proto::game_state::v1::state_keeper_server::{StateKeeper, StateKeeperServer};

use crate::calls::Echo;

/// A handler that is only described.
struct Nothing;

impl Idle for Nothing {}

#[async_trait]
impl StateKeeper for Nothing {
    async fn get_state(&self, request: Request<State>) -> Result<Response<State>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn set_http_state(&self, request: Request<State>) -> Result<Response<State>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

#[test]
fn a_server_behind_an_interceptor_is_described_too() {
    type Intercepted = InterceptedService<IdleServer<Nothing>, ()>;
    assert_eq!(Intercepted::SERVICE.name, "everything.v1.Idle");
}

#[test]
fn a_server_is_described() {
    fn check<S: Described>(name: &str, methods: &str) {
        assert_eq!(S::SERVICE.name, name);
        assert_eq!(lines(S::SERVICE), methods);
    }
    check::<CallsServer<Echo>>(
        "everything.v1.Calls",
        "/everything.v1.Calls/Unary one one NoSideEffects
/everything.v1.Calls/ServerStream one many Unknown
/everything.v1.Calls/ClientStream many one Idempotent
/everything.v1.Calls/BothStream many many Unknown
/everything.v1.Calls/Deprecated one one Unknown
",
    );
    check::<IdleServer<Nothing>>("everything.v1.Idle", "");
    check::<StateKeeperServer<Nothing>>(
        "gameState.v1.State_Keeper",
        "/gameState.v1.State_Keeper/getState one one Unknown
/gameState.v1.State_Keeper/SetHTTPState one one Unknown
",
    );
}

fn lines(service: &Service) -> String {
    use std::fmt::Write as _;
    let side = |streams| if streams { "many" } else { "one" };
    service
        .methods
        .iter()
        .fold(String::new(), |mut lines, method| {
            assert_eq!(method.path, format!("/{}/{}", method.service, method.name));
            let client = side(method.client_streaming);
            let server = side(method.server_streaming);
            writeln!(
                lines,
                "{} {client} {server} {:?}",
                method.path, method.idempotency
            )
            .expect("writing to a string cannot fail");
            lines
        })
}

/// Keeps the row that a call carries, and does not answer.
#[derive(Clone, Default)]
struct Rows(Arc<Mutex<Vec<&'static Method>>>);

impl Call<http::Request<Body>> for Rows {
    type Error = Status;
    type Future = std::future::Ready<Result<Self::Response, Status>>;
    type Response = http::Response<Body>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let row = request
            .extensions()
            .get::<&'static Method>()
            .expect("a row");
        assert_eq!(request.uri().path(), row.path);
        self.0.lock().expect("no panic").push(row);
        std::future::ready(Err(Status::unavailable("not answered")))
    }
}

#[test]
fn every_call_carries_its_row() {
    let rows = Rows::default();
    let mut client = CallsClient::new(rows.clone());
    let one = Everything::default;
    let many = || tokio_stream::iter([Everything::default()]);
    block_on(async {
        client.unary(one()).await.unwrap_err();
        client.server_stream(one()).await.unwrap_err();
        client.client_stream(many()).await.unwrap_err();
        client.both_stream(many()).await.unwrap_err();
    });
    let rows = rows.0.lock().unwrap();
    assert_eq!(rows.len(), 4);
    for (row, expected) in rows.iter().zip(CALLS_SERVICE.methods) {
        assert!(std::ptr::eq(*row, expected), "{row:?}");
    }
}

//! What a channel makes of a server that dies within this process.
//!
//! On Windows the pipes of a runtime that is gone stay open until their process ends, so that there a server dies with its
//! process alone: `wires`.

use std::sync::Arc;

use nearcall::{Reason, Wire, tokio};
use nearcall_testkit::Running;
use nearcall_testkit::probe::{Order, ProbeClient};

nearcall_testkit::wire_suite!(
    a_server_that_dies_in_the_middle_of_a_call_is_unavailable_and_then_recovered_from,
);

async fn a_server_that_dies_in_the_middle_of_a_call_is_unavailable_and_then_recovered_from(
    wire: Wire,
) {
    // Its tasks and sockets are gone from one moment to the next, with no farewell: what a kill looks like from outside.
    let servers = tokio::runtime::Runtime::new().unwrap();
    let server = servers.spawn(Running::start()).await.unwrap().over(wire);
    let (folder, tally) = (server.folder(), Arc::clone(&server.tally));
    let mut client = ProbeClient::new(server.builder().lazy().unwrap());
    let mut other = client.clone();
    let slow = Order {
        delay_ms: 60_000,
        ..Order::default()
    };
    let call = tokio::spawn(async move { other.unary(slow).await });
    tally.wait_begun(1).await;
    servers.shutdown_background();
    let status = call.await.unwrap().unwrap_err();
    assert_eq!(
        Reason::of(&status),
        Some(Reason::ConnectionLost),
        "{status:?}"
    );
    // The connection may be gone a moment before the listener is, which lets go of its lock last.
    let lock = folder.path().join("probe.sock.lock");
    nearcall_testkit::eventually("the listener is gone", || !lock.exists()).await;
    let _back = Running::start_in(folder, |server| server).await;
    assert!(client.unary(Order::default()).await.is_ok());
}

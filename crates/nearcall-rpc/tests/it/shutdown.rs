//! The end of a server: calls in flight are waited for, up to a limit, and what was cut off is said.

use std::time::Duration;

use nearcall::{Limits, Reason, Wire, tokio, tokio_stream};
use nearcall_testkit::Running;
use nearcall_testkit::probe::Order;

nearcall_testkit::wire_suite!(
    calls_in_flight_are_answered_and_the_name_is_free,
    what_outlasts_the_limit_is_cut_off_and_named,
    who_watches_the_health_does_not_hold_the_server_up,
);

async fn calls_in_flight_are_answered_and_the_name_is_free(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut client = server.client().await;
    let folder = server.folder();
    let tally = std::sync::Arc::clone(&server.tally);
    let call = tokio::spawn(async move {
        client
            .unary(Order {
                delay_ms: 300,
                ..Order::default()
            })
            .await
    });
    tally.wait_begun(1).await;
    let ended = server.begin_to_stop();
    // On Windows a name is that of the last connection; elsewhere the next server need not wait for the calls of this one.
    let call = if cfg!(windows) {
        assert!(call.await.unwrap().is_ok());
        None
    } else {
        Some(call)
    };
    nearcall_testkit::eventually("the name is free", || !Running::is_there(folder.path())).await;
    let next = Running::start_in(folder, |server| server).await.over(wire);
    if let Some(call) = call {
        assert!(call.await.unwrap().is_ok());
    }
    assert!(ended.await.unwrap().cut.is_empty());
    assert!(next.client().await.unary(Order::default()).await.is_ok());
}

async fn what_outlasts_the_limit_is_cut_off_and_named(wire: Wire) {
    let mut limits = Limits::default();
    limits.drain_timeout = Duration::from_millis(100);
    let server = Running::start_with(|server| server.limits(limits))
        .await
        .over(wire);
    let mut client = server.client().await;
    let slow = Order {
        delay_ms: 60_000,
        count: 1,
        ..Order::default()
    };
    let mut reports = client.download(slow.clone()).await.unwrap().into_inner();
    let mut other = client.clone();
    let call = tokio::spawn(async move { other.unary(slow).await });
    server.tally.wait_begun(2).await;
    let drained = server.stop().await;
    let mut cut: Vec<_> = drained.cut.iter().map(|call| call.path.as_str()).collect();
    cut.sort_unstable();
    assert_eq!(
        cut,
        ["/testing.v1.Probe/Download", "/testing.v1.Probe/Unary"]
    );
    for status in [
        reports.message().await.unwrap_err(),
        call.await.unwrap().unwrap_err(),
    ] {
        assert_eq!(Reason::of(&status), Some(Reason::CutOff), "{status:?}");
    }
}

async fn who_watches_the_health_does_not_hold_the_server_up(wire: Wire) {
    let server = Running::start().await.over(wire);
    let channel = server.channel().await;
    let path = nearcall::raw::MethodPath::new("grpc.health.v1.Health", "Watch").unwrap();
    let request = nearcall::Request::new(tokio_stream::once(bytes::Bytes::new()));
    let mut watch = nearcall::raw::call(
        channel,
        &path,
        request,
        nearcall::raw::CallOptions::default(),
    )
    .await
    .unwrap()
    .into_inner();
    // SERVING is 1 in field 1.
    assert_eq!(watch.message().await.unwrap().unwrap().as_ref(), [8, 1]);
    let stopping = tokio::time::timeout(Duration::from_secs(5), server.stop());
    assert!(
        stopping
            .await
            .expect("well before the drain limit")
            .cut
            .is_empty()
    );
}

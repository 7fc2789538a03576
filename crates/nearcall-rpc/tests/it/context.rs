//! What flows from a call into the calls made while serving it.

use std::time::Duration;

use nearcall::{Request, Wire, tokio};
use nearcall_testkit::Running;
use nearcall_testkit::probe::Order;

nearcall_testkit::wire_suite!(
    the_deadline_and_the_trace_flow_onward,
    a_spawned_task_takes_them_along_when_told,
    an_onward_call_ends_with_the_first_callers_deadline,
);

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

async fn onward(wire: Wire, spawned: bool) {
    let first = Running::start().await.over(wire);
    let second = Running::start().await;
    let order = Order {
        onward: second.address(),
        spawned,
        ..Order::default()
    };
    let mut request = Request::new(order);
    request.set_timeout(Duration::from_secs(3));
    request
        .metadata_mut()
        .insert("traceparent", TRACEPARENT.parse().expect("a header value"));
    let report = first
        .client()
        .await
        .unary(request)
        .await
        .expect("an answer")
        .into_inner();
    let onward = report.onward.expect("an onward report");
    assert_eq!(
        (report.wire.as_str(), onward.wire.as_str()),
        (wire.as_str(), wire.as_str())
    );
    assert_eq!(onward.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    // Three seconds, not the default of ten: what the first caller said is what the second server sees.
    assert!(
        onward.remaining_ms.is_some_and(|left| left <= 3_000),
        "{onward:?}"
    );
}

async fn the_deadline_and_the_trace_flow_onward(wire: Wire) {
    onward(wire, false).await;
}

async fn a_spawned_task_takes_them_along_when_told(wire: Wire) {
    onward(wire, true).await;
}

async fn an_onward_call_ends_with_the_first_callers_deadline(wire: Wire) {
    let first = Running::start().await.over(wire);
    let second = Running::start().await.over(wire);
    let mut request = Request::new(Order {
        onward: nearcall_testkit::address_in(std::path::Path::new("/nonexistent")),
        ..Order::default()
    });
    request.set_timeout(Duration::from_secs(1));
    let status = first.client().await.unary(request).await.unwrap_err();
    assert_eq!(status.code(), nearcall::Code::Unavailable, "{status:?}");
    drop(second);
}

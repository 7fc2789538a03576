//! Deadlines, as the caller sets them and as the server has them.

use std::time::Duration;

use nearcall::{Code, Limits, Reason, Request, Wire, tokio};
use nearcall_testkit::Running;
use nearcall_testkit::probe::{Order, ProbeClient};

nearcall_testkit::wire_suite!(
    the_callers_deadline_ends_both_sides,
    a_unary_call_without_a_deadline_has_the_channels,
    a_unary_call_that_names_no_deadline_has_the_servers,
    a_stream_on_which_nothing_travels_is_ended,
);

fn slow() -> Order {
    Order {
        delay_ms: 60_000,
        ..Order::default()
    }
}

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

async fn the_callers_deadline_ends_both_sides(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut client = server.client().await;
    let mut request = Request::new(slow());
    // Long enough that the handler has begun by then.
    request.set_timeout(Duration::from_secs(1));
    let status = client.unary(request).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    server.tally.wait_dropped(1).await;

    // A stream as well, after its first messages.
    let mut request = Request::new(Order {
        delay_ms: 20,
        count: 1_000,
        ..Order::default()
    });
    request.set_timeout(Duration::from_secs(1));
    let mut reports = client.download(request).await.unwrap().into_inner();
    let mut seen = 0;
    let status = loop {
        match reports.message().await {
            Ok(report) => seen = report.expect("the stream has no end of its own").orders,
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!(seen >= 1);
    server.tally.wait_dropped(2).await;
}

async fn a_unary_call_without_a_deadline_has_the_channels(wire: Wire) {
    let server = Running::start().await.over(wire);
    let channel = server
        .builder()
        .unary_deadline(Some(Duration::from_millis(50)));
    let mut client = ProbeClient::new(channel.connect().await.unwrap());
    let status = client.unary(slow()).await.unwrap_err();
    assert_eq!(
        Reason::of(&status),
        Some(Reason::DeadlineExceeded),
        "{status:?}"
    );
    let report = client.unary(Order::default()).await.unwrap().into_inner();
    assert!(
        report.remaining_ms.is_some_and(|left| left <= 50),
        "{report:?}"
    );
    // Streams have none.
    let mut reports = client
        .download(Order {
            count: 1,
            ..Order::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reports.message().await.unwrap().unwrap().remaining_ms, None);
}

async fn a_unary_call_that_names_no_deadline_has_the_servers(wire: Wire) {
    let limits = limits(|limits| limits.unary_deadline = Some(Duration::from_millis(50)));
    let server = Running::start_with(|server| server.limits(limits))
        .await
        .over(wire);
    let channel = server.builder().unary_deadline(None);
    let status = ProbeClient::new(channel.connect().await.unwrap())
        .unary(slow())
        .await
        .unwrap_err();
    assert_eq!(
        Reason::of(&status),
        Some(Reason::DeadlineExceeded),
        "{status:?}"
    );
    assert!(status.message().contains("50ms"), "{status:?}");
}

async fn a_stream_on_which_nothing_travels_is_ended(wire: Wire) {
    let limits = limits(|limits| limits.stream_idle = Some(Duration::from_millis(300)));
    let server = Running::start_with(|server| server.limits(limits))
        .await
        .over(wire);
    let mut client = server.client().await;
    // Traffic keeps it: ten messages, 100 ms apart.
    let mut reports = client
        .download(Order {
            count: 10,
            delay_ms: 100,
            ..Order::default()
        })
        .await
        .unwrap()
        .into_inner();
    for number in 1..=10 {
        assert_eq!(reports.message().await.unwrap().unwrap().orders, number);
    }
    assert!(reports.message().await.unwrap().is_none());
    let mut reports = client
        .download(Order { count: 1, ..slow() })
        .await
        .unwrap()
        .into_inner();
    let status = reports.message().await.unwrap_err();
    assert_eq!(Reason::of(&status), Some(Reason::StreamIdle), "{status:?}");
    server.tally.wait_dropped(1).await;
}

//! What a server takes in, and what it says to the rest.

use nearcall::tokio_stream::StreamExt;
use nearcall::{Limits, Reason, StatusExt, Wire, tokio, tokio_stream};
use nearcall_testkit::Running;
use nearcall_testkit::probe::Order;

nearcall_testkit::wire_suite!(one_call_too_many_is_told_to_come_again,);

async fn one_call_too_many_is_told_to_come_again(wire: Wire) {
    let mut limits = Limits::default();
    limits.calls_max = 2;
    limits.streams_max = 1;
    let server = Running::start_with(|server| server.limits(limits))
        .await
        .over(wire);
    let client = server.client().await;
    let slow = Order {
        delay_ms: 60_000,
        ..Order::default()
    };
    let calls: Vec<_> = (0..2)
        .map(|_| {
            let (mut client, slow) = (client.clone(), slow.clone());
            tokio::spawn(async move { client.unary(slow).await })
        })
        .collect();
    server.tally.wait_begun(2).await;
    let status = client.clone().unary(Order::default()).await.unwrap_err();
    assert_eq!(
        Reason::of(&status),
        Some(Reason::TooManyCalls),
        "{status:?}"
    );
    assert!(
        status
            .get_details_retry_info()
            .is_some_and(|info| info.retry_delay.is_some()),
        "{status:?}"
    );

    // Streams are counted by themselves.
    let reports = client.clone().chat(tokio_stream::pending()).await.unwrap();
    let status = client
        .clone()
        .chat(tokio_stream::pending())
        .await
        .unwrap_err();
    assert_eq!(
        Reason::of(&status),
        Some(Reason::TooManyStreams),
        "{status:?}"
    );
    drop(reports);

    calls.iter().for_each(tokio::task::JoinHandle::abort);
    server.tally.wait_dropped(3).await;
    let mut client = client;
    assert!(client.unary(Order::default()).await.is_ok());
    let reports = client
        .download(Order {
            count: 1,
            ..Order::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reports.collect::<Vec<_>>().await.len(), 1);
}

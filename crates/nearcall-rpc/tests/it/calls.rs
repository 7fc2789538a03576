//! All four kinds of call, with every outcome.

use nearcall::tokio_stream::StreamExt;
use nearcall::{Code, Wire, tokio, tokio_stream};
use nearcall_testkit::Running;
use nearcall_testkit::probe::Order;

nearcall_testkit::wire_suite!(
    unary_answers_what_was_sent,
    streams_run_in_both_directions,
    every_status_travels_with_its_message,
    a_panic_is_internal_and_the_server_lives,
    dropping_a_call_drops_its_handler,
    a_message_over_the_limit_is_refused_on_either_side,
    a_thousand_streams_at_once,
    dropping_the_answer_of_a_call_that_still_sends_drops_its_handler,
);

fn order(payload: &[u8]) -> Order {
    Order {
        payload: payload.to_vec(),
        ..Order::default()
    }
}

async fn unary_answers_what_was_sent(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut client = server.client().await;
    for payload in [b"".to_vec(), b"hello".to_vec(), vec![7; 1 << 20]] {
        let report = client.unary(order(&payload)).await.unwrap().into_inner();
        assert!(report.payload == payload, "{} bytes", payload.len());
        assert_eq!(report.wire, wire.as_str());
        assert_eq!(report.peer_pid, Some(std::process::id()));
    }
}

async fn streams_run_in_both_directions(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut client = server.client().await;

    let reports = client
        .download(Order {
            count: 3,
            ..order(b"x")
        })
        .await
        .unwrap()
        .into_inner();
    let numbers: Vec<u32> = reports.map(|report| report.unwrap().orders).collect().await;
    assert_eq!(numbers, [1, 2, 3]);

    let report = client
        .upload(tokio_stream::iter([order(b"a"), order(b""), order(b"c")]))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((report.payload.as_slice(), report.orders), (&b"ac"[..], 3));

    // Each answer is there before the next question is asked.
    let (questions, sent) = tokio::sync::mpsc::channel(1);
    let sent = tokio_stream::wrappers::ReceiverStream::new(sent);
    let mut reports = client.chat(sent).await.unwrap().into_inner();
    for number in 1..=3 {
        questions.send(order(b"q")).await.unwrap();
        assert_eq!(reports.message().await.unwrap().unwrap().orders, number);
    }
    drop(questions);
    assert_eq!(reports.message().await.unwrap(), None);
}

async fn every_status_travels_with_its_message(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut client = server.client().await;
    for code in 1..=16 {
        let message = format!("code {code}: \u{1F600} 100% \t\n");
        let failing = Order {
            code,
            message: message.clone(),
            ..Order::default()
        };
        let status = client.unary(failing.clone()).await.unwrap_err();
        assert_eq!(
            (status.code(), status.message()),
            (Code::from(code), message.as_str())
        );

        let mut reports = client
            .download(Order {
                count: 2,
                ..failing
            })
            .await
            .unwrap()
            .into_inner();
        for number in 1..=2 {
            assert_eq!(reports.message().await.unwrap().unwrap().orders, number);
        }
        let status = reports.message().await.unwrap_err();
        assert_eq!(
            (status.code(), status.message()),
            (Code::from(code), message.as_str())
        );
    }
}

async fn a_panic_is_internal_and_the_server_lives(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut client = server.client().await;
    let panicking = Order {
        panic: true,
        ..Order::default()
    };
    let status = client.unary(panicking.clone()).await.unwrap_err();
    assert_eq!(
        nearcall::Reason::of(&status),
        Some(nearcall::Reason::HandlerPanicked),
        "{status:?}"
    );
    assert!(
        status.message().contains("/testing.v1.Probe/Unary"),
        "{status:?}"
    );
    // In the middle of a stream as well.
    let mut reports = client
        .download(Order {
            count: 2,
            ..panicking
        })
        .await
        .unwrap()
        .into_inner();
    let status = reports.message().await.unwrap_err();
    assert_eq!(
        nearcall::Reason::of(&status),
        Some(nearcall::Reason::HandlerPanicked),
        "{status:?}"
    );
    assert!(client.unary(order(b"still here")).await.is_ok());
}

async fn dropping_a_call_drops_its_handler(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut client = server.client().await;
    let slow = Order {
        delay_ms: 60_000,
        ..Order::default()
    };

    let mut other = client.clone();
    let asked = slow.clone();
    let call = tokio::spawn(async move { other.unary(asked).await });
    server.tally.wait_begun(1).await;
    call.abort();
    server.tally.wait_dropped(1).await;

    let reports = client.download(Order { count: 1, ..slow }).await.unwrap();
    drop(reports);
    server.tally.wait_dropped(2).await;
}

async fn a_message_over_the_limit_is_refused_on_either_side(wire: Wire) {
    let server = Running::start().await.over(wire);
    let channel = server.channel().await;
    let limited = |max| {
        nearcall_testkit::probe::ProbeClient::new(channel.clone()).max_decoding_message_size(max)
    };
    // The server's limit is tonic's 4 MiB.
    let status = limited(usize::MAX)
        .unary(order(&vec![0; 5 << 20]))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status:?}");
    let status = limited(1_000)
        .unary(order(&vec![0; 2_000]))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status:?}");
    assert!(limited(usize::MAX).unary(order(b"fine")).await.is_ok());
}

async fn a_thousand_streams_at_once(wire: Wire) {
    let server = Running::start().await.over(wire);
    let client = server.client().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let mut client = client.clone();
        calls.spawn(async move {
            let reports = client
                .download(Order {
                    count: 5,
                    delay_ms: 1,
                    ..order(b"x")
                })
                .await
                .unwrap()
                .into_inner();
            reports
                .map(|report| report.unwrap().orders)
                .collect::<Vec<_>>()
                .await
        });
    }
    while let Some(numbers) = calls.join_next().await {
        assert_eq!(numbers.unwrap(), [1, 2, 3, 4, 5]);
    }
}

async fn dropping_the_answer_of_a_call_that_still_sends_drops_its_handler(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut client = server.client().await;
    // The caller's messages never end.
    let reports = client.chat(tokio_stream::pending()).await.unwrap();
    drop(reports);
    server.tally.wait_dropped(1).await;
    // Nor here, where there is no answer yet; the handler must not take what came for all of it.
    let mut other = client.clone();
    let call = tokio::spawn(async move { other.upload(tokio_stream::pending()).await });
    server.tally.wait_begun(2).await;
    call.abort();
    server.tally.wait_dropped(2).await;
}

//! Failures: code, message, details and metadata, wherever in a call they come.

use bytes::Bytes;
use nearcall::tokio::sync::mpsc;
use nearcall::tokio_stream::wrappers::ReceiverStream;
use nearcall::{Code, ErrorDetails, Request, Status, StatusExt, tokio, tokio_stream};
use nearcall_testkit::probe::Order;

use super::transcript::{Side, Told, same};

/// Fails as it is told to, with details that are a `google.rpc.Status`.
fn failing(code: i32) -> Order {
    let message = format!("code {code}: \u{1F600} 100% \t\n");
    let details = ErrorDetails::with_bad_request_violation("payload", "must be better");
    let status = Status::with_error_details(Code::from(code), &message, details);
    Order {
        code,
        message,
        details: status.details().to_vec(),
        ..Order::default()
    }
}

fn with_metadata<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    metadata.append("x-trail-why", "first".parse().unwrap());
    metadata.append("x-trail-why", "second".parse().unwrap());
    request
}

#[track_caller]
fn assert_failed(told: &[Told], before: usize, order: &Order) {
    assert_eq!(told.len(), before + 1, "{told:?}");
    let Some(Told::Failed {
        code,
        message,
        details,
        metadata,
    }) = told.last()
    else {
        panic!("{told:?}");
    };
    assert_eq!(*code, Code::from(order.code));
    assert_eq!(*message, order.message);
    assert_eq!(*details, Bytes::from(order.details.clone()));
    assert_eq!(metadata.len(), 2, "{metadata:?}");
}

async fn check(order: Order, before: usize, script: impl AsyncFn(&Side, Order) -> Vec<Told>) {
    let told = same(async |side| script(side, order.clone()).await).await;
    assert_failed(&told, before, &order);
}

#[tokio::test]
async fn every_code_in_place_of_an_answer() {
    // The last is one that gRPC does not have.
    for code in (1..=16).chain([99]) {
        check(failing(code), 0, async |side, order| {
            side.one(side.client().unary(with_metadata(order)).await)
        })
        .await;
    }
}

#[tokio::test]
async fn before_the_first_message_of_a_stream() {
    check(failing(9), 1, async |side, order| {
        let answer = side.client().download(with_metadata(order)).await;
        side.many(answer).await
    })
    .await;
}

#[tokio::test]
async fn after_messages_of_a_stream() {
    let order = Order {
        count: 3,
        ..failing(10)
    };
    check(order, 4, async |side, order| {
        let answer = side.client().download(with_metadata(order)).await;
        side.many(answer).await
    })
    .await;
}

#[tokio::test]
async fn while_the_caller_still_sends() {
    check(failing(11), 0, async |side, order| {
        // The caller never says that it is done.
        let (sender, orders) = mpsc::channel(4);
        sender.send(order).await.unwrap();
        let request = with_metadata(ReceiverStream::new(orders));
        let told = side.one(side.client().upload(request).await);
        // It learns that nobody takes its messages any more.
        sender.closed().await;
        told
    })
    .await;
}

#[tokio::test]
async fn in_the_middle_of_a_conversation() {
    check(failing(12), 2, async |side, order| {
        let orders = tokio_stream::iter([Order::default(), order, Order::default()]);
        let answer = side.client().chat(with_metadata(orders)).await;
        side.many(answer).await
    })
    .await;
}

#[tokio::test]
async fn a_long_message_and_long_details() {
    let order = Order {
        message: "m".repeat(2_000),
        details: vec![1; 6_000],
        ..failing(3)
    };
    check(order, 0, async |side, order| {
        side.one(side.client().unary(with_metadata(order)).await)
    })
    .await;
}

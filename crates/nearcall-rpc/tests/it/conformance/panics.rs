//! Handlers that panic: at once, after a wait, in the middle of a stream.

use nearcall::{Code, tokio, tokio_stream};
use nearcall_testkit::probe::Order;

use super::transcript::{Side, Told, order, same};

fn panicking(delay_ms: u32) -> Order {
    Order {
        panic: true,
        delay_ms,
        count: 1,
        ..Order::default()
    }
}

async fn check(script: impl AsyncFn(&Side) -> Vec<Told>, before: usize) {
    let told = same(async |side| {
        let told = script(side).await;
        // The server lives, and so does the connection.
        let after = side.client().unary(order(b"after")).await;
        (told, side.one(after))
    })
    .await;
    let (told, after) = told;
    assert_eq!(told.len(), before + 1, "{told:?}");
    assert_eq!(told[before].code(), Some(Code::Internal), "{told:?}");
    assert_eq!(after.len(), 2, "{after:?}");
}

#[tokio::test]
async fn at_the_first_poll_and_at_a_later_one() {
    for delay_ms in [0, 20] {
        check(
            async |side| side.one(side.client().unary(panicking(delay_ms)).await),
            0,
        )
        .await;
    }
}

#[tokio::test]
async fn in_a_stream_of_answers() {
    for delay_ms in [0, 20] {
        check(
            async |side| {
                let answer = side.client().download(panicking(delay_ms)).await;
                side.many(answer).await
            },
            1,
        )
        .await;
    }
}

#[tokio::test]
async fn with_messages_that_go_up() {
    check(
        async |side| {
            let orders = tokio_stream::iter([order(b"well"), panicking(0), order(b"never")]);
            side.one(side.client().upload(orders).await)
        },
        0,
    )
    .await;
}

#[tokio::test]
async fn in_the_middle_of_a_conversation() {
    check(
        async |side| {
            let orders = tokio_stream::iter([order(b"well"), panicking(20), order(b"never")]);
            let answer = side.client().chat(orders).await;
            side.many(answer).await
        },
        2,
    )
    .await;
}

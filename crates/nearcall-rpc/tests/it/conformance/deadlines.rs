//! Deadlines, as the caller sets them and as the handler has them.

use std::time::Duration;

use nearcall::{Code, Reason, Request, tokio, tokio_stream};
use nearcall_testkit::probe::{Order, Report};

use super::transcript::{Told, same, slow};

fn within<T>(time: Duration, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(time);
    request
}

/// Long enough that the handler has begun by then.
const SHORT: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_call_that_takes_too_long_ends_on_both_sides() {
    let told = same(async |side| {
        let status = side.client().unary(within(SHORT, slow())).await;
        let status = status.unwrap_err();
        side.server.tally.wait_dropped(1).await;
        (status.code(), Reason::of(&status), side.handlers())
    })
    .await;
    let exceeded = (Code::DeadlineExceeded, Some(Reason::DeadlineExceeded));
    assert_eq!(told, (exceeded.0, exceeded.1, (1, 1)));
}

#[tokio::test]
async fn a_stream_that_takes_too_long_ends_on_both_sides() {
    let told = same(async |side| {
        let answer = side.client().download(within(SHORT, slow())).await;
        let told = side.many(answer).await;
        side.server.tally.wait_dropped(1).await;
        (told.last().and_then(Told::code), side.handlers())
    })
    .await;
    assert_eq!(told, (Some(Code::DeadlineExceeded), (1, 1)));
}

#[tokio::test]
async fn a_caller_that_never_stops_sending_ends_too() {
    let told = same(async |side| {
        let request = within(SHORT, tokio_stream::pending());
        let status = side.client().upload(request).await.unwrap_err();
        side.server.tally.wait_dropped(1).await;
        (status.code(), side.handlers())
    })
    .await;
    assert_eq!(told, (Code::DeadlineExceeded, (1, 1)));
}

#[tokio::test]
async fn no_time_at_all_is_not_even_sent() {
    let told = same(async |side| {
        let status = side.client().unary(within(Duration::ZERO, slow())).await;
        (side.failed(&status.unwrap_err()), side.handlers())
    })
    .await;
    assert_eq!(told.0.code(), Some(Code::DeadlineExceeded));
    assert_eq!(told.1, (0, 0));
}

#[tokio::test]
async fn the_handler_has_what_the_caller_said() {
    let told = same(async |side| {
        let mut left = Vec::new();
        for time in [1, 3_600, 3_600 * 24 * 365].map(Duration::from_secs) {
            let answer = side.client().unary(within(time, Order::default())).await;
            let report: Report = answer.unwrap().into_inner();
            let remaining = Duration::from_millis(report.remaining_ms.unwrap());
            left.push(remaining <= time && remaining + Duration::from_secs(1) > time);
        }
        // A stream has none but the caller's.
        let order = Order {
            count: 1,
            ..Order::default()
        };
        let mut reports = side.client().download(order).await.unwrap().into_inner();
        let report = reports.message().await.unwrap().unwrap();
        (left, report.remaining_ms)
    })
    .await;
    assert_eq!(told, (vec![true; 3], None));
}

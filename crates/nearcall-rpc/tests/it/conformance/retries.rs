//! What is sent again, and what never is.

use nearcall::{Code, tokio, tokio_stream};
use nearcall_testkit::probe::Order;

use super::transcript::{Told, same};

fn unavailable(label: &str) -> Order {
    Order {
        code: Code::Unavailable as i32,
        message: "not now".to_owned(),
        label: label.to_owned(),
        ..Order::default()
    }
}

#[tokio::test]
async fn only_what_may_be_repeated_is_run_again() {
    let told = same(async |side| {
        let mut told = Vec::new();
        let once = side.client().unary(unavailable("once")).await;
        told.extend(side.one(once));
        let again = side.client().unary_idempotent(unavailable("again")).await;
        told.extend(side.one(again));
        let download = side.client().download(unavailable("download")).await;
        told.extend(side.many(download).await);
        let orders = tokio_stream::iter([unavailable("upload")]);
        told.extend(side.one(side.client().upload(orders).await));
        (told, side.server.tally.runs())
    })
    .await;
    let (told, runs) = told;
    let codes: Vec<_> = told.iter().filter_map(Told::code).collect();
    assert_eq!(codes, [Code::Unavailable; 4]);
    let again = 1 + nearcall::limits::RETRIES_MAX;
    let runs: Vec<_> = runs.iter().map(|(label, runs)| (&**label, *runs)).collect();
    assert_eq!(runs, [("again", again), ("once", 1), ("upload", 1)]);
}

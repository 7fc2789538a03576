//! A connection that is cut at every byte of a conversation, either way: each call is answered or fails, none hangs, and
//! none is run twice.

use nearcall::{Channel, Status, Wire, tokio, tokio_stream};
use nearcall_testkit::probe::{Order, ProbeClient, Report};
use nearcall_testkit::{PATIENCE, Running};
use tokio_stream::StreamExt as _;

use crate::front::{Doing, Front, Way};

/// The calls of the conversation, in order; the last may be repeated.
const CALLS: [&str; 6] = ["unary", "fails", "download", "upload", "chat", "idempotent"];

fn order(label: &str) -> Order {
    Order {
        label: label.to_owned(),
        payload: b"p".to_vec(),
        ..Order::default()
    }
}

/// What one call came to: how many reports, and how it ended.
type Outcome = (usize, Result<(), Status>);

async fn one(client: &mut ProbeClient<Channel>, name: &str) -> Outcome {
    let single = |answer: Result<nearcall::Response<Report>, Status>| match answer {
        Ok(_) => (1, Ok(())),
        Err(status) => (0, Err(status)),
    };
    let answers = match name {
        "unary" => return single(client.unary(order(name)).await),
        "idempotent" => return single(client.unary_idempotent(order(name)).await),
        "upload" => {
            let orders = tokio_stream::iter([order(name), order("")]);
            return single(client.upload(orders).await);
        }
        "fails" => {
            let failing = Order {
                code: 3,
                message: "as told".to_owned(),
                ..order(name)
            };
            return single(client.unary(failing).await);
        }
        "download" => {
            client
                .download(Order {
                    count: 1,
                    ..order(name)
                })
                .await
        }
        _ => {
            client
                .chat(tokio_stream::iter([order(name), order("")]))
                .await
        }
    };
    let mut reports = match answers {
        Ok(answers) => answers.into_inner(),
        Err(status) => return (0, Err(status)),
    };
    let mut count = 0;
    while let Some(report) = reports.next().await {
        match report {
            Ok(_) => count += 1,
            Err(status) => return (count, Err(status)),
        }
    }
    (count, Ok(()))
}

/// Cuts the first connection one byte later each time, until the conversation is over before the cut.
async fn cut_everywhere(way: Way) {
    let server = Running::start().await.over(Wire::Lane);
    let mut other = server.client().await;
    for position in 0.. {
        let front = Front::before(server.address(), move |number| match number {
            0 => Doing::Cut(way, position),
            _ => Doing::Pass,
        })
        .await;
        let channel = Channel::builder(front.address()).wire(Wire::Lane);
        let mut client = ProbeClient::new(channel.lazy().expect("an address"));
        let before = server.tally.runs();
        let mut failed = 0;
        for name in CALLS {
            let call = tokio::time::timeout(PATIENCE, one(&mut client, name)).await;
            let (_, ended) =
                call.unwrap_or_else(|_| panic!("cut {way:?} at {position}: {name} hangs"));
            let told = ended
                .as_ref()
                .err()
                .is_some_and(|status| status.message() == "as told");
            failed += usize::from(ended.is_err() && !told);
        }
        let runs = server.tally.runs();
        for name in CALLS {
            let runs = runs.get(name).unwrap_or(&0) - before.get(name).unwrap_or(&0);
            let allowed = if name == "idempotent" { 2 } else { 1 };
            assert!(
                runs <= allowed,
                "cut {way:?} at {position}: {name} was run {runs} times"
            );
        }
        // One connection was cut: at most the call that was on it is lost, and the one before it was not.
        assert!(
            failed <= 1,
            "cut {way:?} at {position}: {failed} calls failed"
        );
        other.unary(Order::default()).await.expect("another's call");
        if !front.has_cut() {
            assert!(position > 300, "the conversation has only {position} bytes");
            break;
        }
    }
    // Nothing of what was cut is still going on: a server that stops has nothing to wait for.
    drop(other);
    let drained = tokio::time::timeout(PATIENCE, server.stop()).await;
    assert!(drained.expect("no call is left").cut.is_empty());
}

#[tokio::test]
async fn on_the_way_to_the_server() {
    cut_everywhere(Way::ToServer).await;
}

#[tokio::test]
async fn on_the_way_to_the_client() {
    cut_everywhere(Way::ToClient).await;
}

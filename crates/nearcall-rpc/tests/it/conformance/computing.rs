//! A handler that computes beside calls that are quick.

use nearcall::{Wire, tokio};
use nearcall_testkit::Running;
use nearcall_testkit::probe::Order;
use tokio::sync::mpsc;

use super::transcript::order;

nearcall_testkit::wire_suite!(quick_calls_overtake_a_handler_that_computes);

/// Calls after which a method that computes is known to, on either wire.
const ENOUGH: usize = 8;

async fn quick_calls_overtake_a_handler_that_computes(wire: Wire) {
    // Handlers that compute need threads to do it on.
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    let overtaken = threads.spawn(overtaken(wire)).await.unwrap();
    threads.shutdown_background();
    assert!(overtaken, "not one quick call was answered before it");
}

async fn overtaken(wire: Wire) -> bool {
    let server = Running::start().await.over(wire);
    let client = server.client().await;
    let computing = Order {
        compute_ms: 50,
        ..Order::default()
    };
    for _ in 0..ENOUGH {
        let answer = client.clone().unary_idempotent(computing.clone()).await;
        answer.unwrap();
    }
    // Twenty at once on one connection, and quick calls of another method behind each of them.
    let (ended, mut order_of_ends) = mpsc::unbounded_channel();
    for number in 0..20 {
        let (mut one, mut other) = (client.clone(), client.clone());
        let (computes, quick) = (ended.clone(), ended.clone());
        let computing = computing.clone();
        tokio::spawn(async move {
            one.unary_idempotent(computing).await.unwrap();
            computes.send(("computes", number)).unwrap();
        });
        tokio::spawn(async move {
            other.unary(order(b"quick")).await.unwrap();
            quick.send(("quick", number)).unwrap();
        });
    }
    drop(ended);
    let mut ends = Vec::new();
    while let Some(end) = order_of_ends.recv().await {
        ends.push(end);
    }
    assert_eq!(ends.len(), 40);
    let place = |kind, number| ends.iter().position(|end| *end == (kind, number));
    // Were they all held up, each would end after the computing one that was sent before it.
    (0..20).any(|number| place("quick", number) < place("computes", number))
}

//! Peers that break the rules of the lane, or keep to them and mean harm: a real server and a real client each end such a
//! connection with a reason, and nobody else's calls are harmed.

mod cut;
mod frames;
mod greedy;
mod servers;

use nearcall_testkit::Running;
use nearcall_testkit::probe::Order;

/// How many calls show that others go on.
const OTHERS: usize = 20;

/// Another connection is made and its calls are answered.
async fn others_go_on(server: &Running) {
    let mut client = server.client().await;
    for _ in 0..OTHERS {
        let answer = client.unary(Order::default()).await;
        answer.expect("the calls of others are answered");
    }
}

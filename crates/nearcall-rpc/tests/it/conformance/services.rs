//! What every server serves beside its own services, and who is calling.

use std::sync::atomic::Ordering;

use nearcall::inspect::Inspector;
use nearcall::raw::{self, CallOptions, MethodPath};
use nearcall::{Channel, Code, Request, tokio};
use nearcall_testkit::Running;
use nearcall_testkit::probe::{Order, ProbeClient};

use super::transcript::{Told, same};

#[tokio::test]
async fn reflection_and_health() {
    let told = same(async |side| {
        let mut inspector = Inspector::new(side.server.channel().await);
        let services = inspector.services().await.unwrap();
        let mut files = Vec::new();
        for service in &services {
            files.push(inspector.descriptors(service).await.unwrap().files);
        }
        let mut health = Vec::new();
        for service in ["", "testing.v1.Probe", "no.Such"] {
            let found = inspector.health(service).await;
            health.push(found.map_err(|error| error.to_string()));
        }
        (services, files, health)
    })
    .await;
    let (services, files, health) = told;
    assert!(services.contains(&"testing.v1.Probe".to_owned()));
    assert!(files.iter().all(|files| !files.is_empty()));
    assert_eq!(health.iter().filter(|found| found.is_ok()).count(), 2);
}

#[tokio::test]
async fn what_is_not_served() {
    let told = same(async |side| {
        let mut told = Vec::new();
        for (service, method) in [("testing.v1.Probe", "Nothing"), ("no.Such", "Unary")] {
            let path = MethodPath::new(service, method).unwrap();
            let channel = side.server.channel().await;
            let empty = Request::new(bytes::Bytes::new());
            let status = raw::unary(channel, &path, empty, CallOptions::default()).await;
            told.push(side.failed(&status.unwrap_err()));
        }
        told
    })
    .await;
    let codes: Vec<_> = told.iter().map(Told::code).collect();
    assert_eq!(codes, [Some(Code::Unimplemented); 2], "{told:?}");
}

#[tokio::test]
async fn the_handler_knows_who_calls() {
    let told = same(async |side| {
        let answer = side.client().unary(Order::default()).await.unwrap();
        let report = answer.into_inner();
        (report.peer_pid, report.peer_uid)
    })
    .await;
    let own = nearcall::Peer::this_process(nearcall::Transport::Unix);
    assert_eq!(told, (own.pid, own.uid));
    assert_eq!(told.0, Some(std::process::id()));
}

#[tokio::test]
async fn a_peer_that_may_not_call_is_told_so() {
    let told = same(async |side| {
        // Of who is at the other end of this transport, the system says nothing.
        let folder = tempfile::tempdir().unwrap();
        let address = nearcall_testkit::parity_address(folder.path());
        let server = Running::start_with(|server| server.listen(&address)).await;
        let channel = Channel::builder(&address).wire(side.wire);
        let mut client = ProbeClient::new(channel.connect().await.unwrap());
        let status = client.unary(Order::default()).await.unwrap_err();
        (
            side.failed(&status),
            server.tally.begun.load(Ordering::SeqCst),
        )
    })
    .await;
    assert_eq!(told.0.code(), Some(Code::PermissionDenied), "{told:?}");
    assert_eq!(told.1, 0);
}

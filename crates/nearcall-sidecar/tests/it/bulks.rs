//! Bulk data of any service: in memory that is lent, or inline.

use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_client::FramesClient;
use nearcall_rpc::raw::RawService;
use nearcall_rpc::{Channel, Server};
use nearcall_sidecar::limits::{BULKS_MAX, INLINE_BELOW};
use nearcall_sidecar::{Bulk, Frames, Reason, Tier, take};
use wire::bulk::Content;

use super::answering::{Answering, call, method};
use super::lender::LENT;
use super::served::{BYTES, payload};

/// The service that sends bulk data.
const LOADER: &str = "test.v1.Loader";

/// A service that shares as many bytes as `length` of the question says.
pub(crate) fn loader(frames: &Frames) -> RawService {
    let frames = frames.clone();
    method(
        RawService::new(LOADER).unwrap(),
        "Load",
        move |request: tonic::Request<wire::UploadRef>| {
            let bulks = frames.bulks(&request);
            let bytes = payload(1, usize::try_from(request.into_inner().length).unwrap());
            let shared = bulks.share(&bytes);
            Ok(shared.unwrap_or_else(|| inline(bytes)))
        },
    )
}

fn inline(bytes: Vec<u8>) -> wire::Bulk {
    let content = Some(Content::Inline(bytes));
    wire::Bulk { content }
}

async fn load(channel: &Channel, bytes: u64) -> wire::Bulk {
    let asked = wire::UploadRef {
        length: bytes,
        ..wire::UploadRef::default()
    };
    call(channel, LOADER, "Load", &asked).await
}

/// Takes bulk data from another process.
#[cfg(windows)]
pub(crate) async fn borrow(channel: &Channel) {
    let bulk = take(channel, load(channel, BYTES as u64).await).await;
    let bulk = bulk.unwrap();
    assert_eq!(bulk.tier(), LENT);
    assert!(bulk.bytes() == payload(1, BYTES));
}

async fn lends() -> Answering {
    let frames = Frames::new();
    Answering::of(|server| {
        let loader = loader(&frames);
        server.add_service(frames.service()).add_raw_service(loader)
    })
    .await
}

fn reference(bulk: &wire::Bulk) -> &wire::FrameRef {
    let Some(Content::Frame(reference)) = &bulk.content else {
        panic!("expected a reference, found {bulk:?}");
    };
    reference
}

#[tokio::test]
async fn bulk_data_is_looked_at_in_place_and_outlives_its_server() {
    let served = lends().await;
    let channel = served.channel().await;
    let bulk = load(&channel, BYTES as u64).await;
    let body = reference(&bulk);
    assert_eq!((body.length, body.lease.len()), (BYTES as u64, 16));
    let bulk = take(&channel, bulk).await.unwrap();
    assert_eq!(bulk.tier(), LENT);
    assert!(bulk.bytes() == payload(1, BYTES));
    let few = load(&channel, INLINE_BELOW - 1).await;
    let few = take(&channel, few).await.unwrap();
    assert_eq!(few.tier(), Tier::Inline, "few bytes are faster sent");
    drop((channel, served));
    assert!(bulk.bytes() == payload(1, BYTES));
}

#[tokio::test]
async fn what_was_taken_is_let_go_of() {
    let served = lends().await;
    let channel = served.channel().await;
    let mut kept = Vec::new();
    for _ in 0..BULKS_MAX + 3 {
        let bulk = take(&channel, load(&channel, INLINE_BELOW).await).await;
        kept.push(bulk.unwrap());
        assert_eq!(kept.last().map(Bulk::tier), Some(LENT), "{}", kept.len());
    }
    // And what nobody takes is held, up to a limit.
    for _ in 0..BULKS_MAX {
        reference(&load(&channel, INLINE_BELOW).await);
    }
    let over = load(&channel, INLINE_BELOW).await;
    assert!(matches!(over.content, Some(Content::Inline(_))));
    // Another connection has as many.
    reference(&load(&served.channel().await, INLINE_BELOW).await);
}

#[tokio::test]
async fn who_does_not_hold_a_reference_is_lent_nothing() {
    let served = lends().await;
    let channel = served.channel().await;
    let bulk = load(&channel, BYTES as u64).await;
    let lease = reference(&bulk).lease.clone();
    let lend = async |channel: &Channel, lease: Vec<u8>| {
        let mut client = FramesClient::new(channel.clone());
        client.lend(wire::LendRequest { lease }).await
    };
    let other = served.channel().await;
    for (channel, lease) in [
        (&other, lease.clone()),
        (&channel, vec![1]),
        (&channel, vec![1; 16]),
    ] {
        let status = lend(channel, lease).await.unwrap_err();
        assert_eq!(Reason::of(&status), Some(Reason::LeaseUnknown));
    }
    let bulk = take(&channel, bulk).await.unwrap();
    assert_eq!(bulk.tier(), LENT);
    let status = lend(&channel, lease).await.unwrap_err();
    assert_eq!(Reason::of(&status), Some(Reason::LeaseUnknown));
}

#[tokio::test]
async fn over_tcp_bulk_data_comes_inline() {
    let frames = Frames::new();
    let server = Server::new("http://127.0.0.1:0").add_service(frames.service());
    let bound = server.add_raw_service(loader(&frames)).bind();
    let bound = bound.await.unwrap();
    let address = bound.addresses().remove(0).to_string();
    let task = tokio::spawn(bound.serve());
    let channel = Channel::connect(address).await.unwrap();
    let bulk = take(&channel, load(&channel, BYTES as u64).await).await;
    assert_eq!(bulk.unwrap().tier(), Tier::Inline);
    task.abort();
}

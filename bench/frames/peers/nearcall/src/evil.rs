//! Readers that no server wants, until they are killed.

use std::hint::{black_box, spin_loop};

use frames_contract::{Reads, Result};
use nearcall_frames::handover::fetch;
use nearcall_frames::layout::{header, page};
use nearcall_frames::{Geometry, Grant, Identity, Policy, SubscriptionId};
use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_client::FramesClient;
use nearcall_sys::packet;

/// Rewrites between two floods of its socket.
const ROUNDS: u64 = 8;

/// Takes time and nothing else.
pub(crate) fn spin(reads: &Reads) -> Result<()> {
    reads.ready()?;
    loop {
        black_box(());
        spin_loop();
    }
}

/// Claims pins on every slot and on those that there are not, floods its doorbell, and never reads a frame.
pub(crate) async fn attack(reads: Reads, address: &str) -> Result<()> {
    let channel = nearcall::connect(format!("unix:{address}")).await?;
    let request = wire::OpenRequest {
        channel: super::NAME.to_owned(),
        tiers: vec![wire::Tier::Broker.into()],
        pins: super::PINS,
        inline_below: Some(0),
        ..wire::OpenRequest::default()
    };
    let opened = FramesClient::new(channel).open(request).await?.into_inner();
    let region = opened.region.ok_or("no region was granted")?;
    let shape = region.geometry.ok_or("no geometry was granted")?;
    let payload = usize::try_from(shape.payload_bytes)?;
    let grant = Grant {
        id: SubscriptionId::new(opened.subscription),
        identity: Identity {
            epoch: region.epoch,
            channel: region.channel,
            region: region.region,
        },
        geometry: Geometry::new(shape.slots, payload, shape.history)?,
        pins: opened.pins,
        policy: Policy::Latest,
        first: opened.first,
    };
    let ticket = opened
        .ticket
        .try_into()
        .map_err(|_| "a ticket has 16 bytes")?;
    let path = opened.broker_path;
    let claimed = nearcall::tokio::task::spawn_blocking(move || {
        let socket = packet::connect(path.as_ref())?;
        let (region, page) = fetch(&socket, ticket, &grant)?;
        Result::Ok((socket, region, page))
    });
    let (socket, region, page) = claimed.await??;
    reads.ready()?;
    let slots = u64::from(grant.geometry.slots());
    let mut round = 0_u64;
    loop {
        round += 1;
        for at in (0..page::BYTES).step_by(8) {
            let latest = region.load(header::LATEST);
            let claim = match round % 4 {
                0 => u64::MAX,
                1 => latest + 1,
                2 => ((latest >> 16) << 1) | 1,
                _ => (latest & !0xffff) | ((round / 4 + at as u64) % (slots + 2)),
            };
            page.store(at, claim);
        }
        if round.is_multiple_of(ROUNDS) {
            while socket.send(&[9; 512], &[]).is_ok() {}
        }
    }
}

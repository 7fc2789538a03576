//! nearcall's frame channels. `--variant` says how frames come about and how they come: `loan` and `copy` in shared
//! memory, `file` by a file, `inline` over gRPC. Among readers, `evil` does what harm it can with what it was granted, and
//! `spin` only takes the processor from others: what the first costs beyond the second is nearcall's to answer for.

#![cfg(target_os = "linux")]

mod evil;

use std::path::Path;
use std::thread;
use std::time::Duration;

use frames_contract::{ALONE, Peer, Reads, Result, Role, Writes};
use nearcall::frames::{Details, Frames, Geometry, Options, Policy, Then, Tier, Writer};

const NAME: &str = "bench";

/// Frames that stay readable beside the latest: how far a reader may be behind.
const HISTORY: u32 = 1;

/// Frames that one reader holds at once: it looks at one after the other. Over a stream, the next one is on its way.
const PINS: u32 = 1;
const PINS_INLINE: u32 = 2;

/// Every frame is read, as with all that is compared; a reader that does not go on ends the benchmark.
const EVERY: Policy = Policy::Block {
    max_wait: Duration::from_secs(5),
    then: Then::Evict,
};

fn main() -> Result<()> {
    let peer = Peer::from_args()?;
    let runtime = nearcall::tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match (peer.role, &*peer.variant) {
            (Role::Reader(reads), "evil") => evil::attack(reads, &peer.address).await,
            (Role::Reader(reads), "spin") => evil::spin(&reads),
            (Role::Reader(reads), variant) => read(reads, &peer.address, variant).await,
            (Role::Alone(..), _) => Err(ALONE.into()),
            (Role::Writer(writes), variant) => {
                serve(writes, &peer.address, peer.payload, peer.readers, variant).await
            }
        }
    })
}

async fn serve(
    writes: Writes,
    address: &str,
    payload: usize,
    readers: usize,
    variant: &str,
) -> Result<()> {
    let frames = Frames::new();
    let pins = if variant == "inline" {
        PINS_INLINE
    } else {
        PINS
    };
    let slots = HISTORY + pins * u32::try_from(readers)? + 2;
    if variant == "file" {
        frames.allow_files_in(&Path::new(address).with_extension("files"))?;
    }
    let writer = frames.channel(NAME, Geometry::new(slots, payload, HISTORY)?)?;
    let server = nearcall::Server::new(format!("unix:{address}"))
        .add_service(frames.service())
        .bind()
        .await?;
    frames_contract::listening()?;
    let copies = variant == "copy";
    let (end, ended) = nearcall::tokio::sync::oneshot::channel();
    thread::spawn(move || end.send(write(writes, writer, payload, copies)));
    nearcall::tokio::select! {
        served = server.serve() => Ok(drop(served?)),
        written = ended => written?,
    }
}

fn write(writes: Writes, mut writer: Writer, payload: usize, copies: bool) -> Result<()> {
    let details = Details::default();
    let mut own = vec![0; if copies { payload } else { 0 }];
    writes.run(|frame| {
        if copies {
            frame.draw(&mut own);
        }
        let mut loan = writer.loan_waiting()?;
        if copies {
            loan.write(0, &own)?;
        } else {
            frame.draw(loan.bytes_mut());
        }
        loan.publish(payload, &details)?;
        Ok(())
    })
}

async fn read(mut reads: Reads, address: &str, variant: &str) -> Result<()> {
    let channel = nearcall::connect(format!("unix:{address}")).await?;
    let (tier, pins) = match variant {
        "inline" => (Tier::Inline, PINS_INLINE),
        "file" => (Tier::File, PINS),
        _ => (Tier::Broker, PINS),
    };
    let options = Options {
        policy: EVERY,
        pins,
        tiers: vec![tier],
        inline_below: 0,
    };
    let mut frames = options.open(&channel, NAME).await?;
    if frames.tier() != Some(tier) {
        return Err(format!("frames come by {:?}, not by {tier}", frames.tier()).into());
    }
    reads.ready()?;
    loop {
        let frame = frames.next().await?.ok_or("the channel ended")?;
        if !reads.take(&frame)? {
            drop(frame);
            return reads.end();
        }
    }
}

//! iceoryx2: a sample is loaned, drawn in place and sent, and an event wakes who sleeps. No frame is dropped: the writer
//! retries until there is room.

use std::time::Duration;

use frames_contract::{ALONE, Peer, Reads, Result, Role, Writes};
use iceoryx2::port::listener::Listener;
use iceoryx2::prelude::*;

type Frames =
    iceoryx2::service::port_factory::publish_subscribe::PortFactory<ipc::Service, [u8], ()>;
type Bell = iceoryx2::service::port_factory::event::PortFactory<ipc::Service>;

/// As many frames as one of nearcall's readers may be behind.
const BUFFER: usize = 2;

/// Limit: how long a reader sleeps without looking.
const LOOK: Duration = Duration::from_millis(100);

fn main() -> Result<()> {
    set_log_level(LogLevel::Error);
    let peer = Peer::from_args()?;
    // A service has a name, and not a place.
    let name = peer.address.replace('/', "-");
    let node = NodeBuilder::new().create::<ipc::Service>()?;
    let frames = node
        .service_builder(&format!("bench{name}").as_str().try_into()?)
        .publish_subscribe::<[u8]>()
        .enable_safe_overflow(false)
        .subscriber_max_buffer_size(BUFFER)
        .subscriber_max_borrowed_samples(1)
        .history_size(0)
        .max_subscribers(peer.readers)
        .max_nodes(peer.readers + 1)
        .open_or_create()?;
    let bell = node
        .service_builder(&format!("bench{name}").as_str().try_into()?)
        .event()
        .max_listeners(peer.readers)
        .max_nodes(peer.readers + 1)
        .open_or_create()?;
    match peer.role {
        Role::Writer(writes) => write(writes, &frames, &bell, peer.payload),
        Role::Reader(reads) => read(reads, &frames, &bell),
        Role::Alone(..) => Err(ALONE.into()),
    }
}

fn write(writes: Writes, frames: &Frames, bell: &Bell, payload: usize) -> Result<()> {
    let publisher = frames
        .publisher_builder()
        .initial_max_slice_len(payload)
        .max_loaned_samples(1)
        .backpressure_strategy(BackpressureStrategy::RetryUntilDelivered)
        .create()?;
    let notifier = bell.notifier_builder().create()?;
    frames_contract::listening()?;
    writes.run(|frame| {
        let mut sample = publisher.loan_slice_uninit(payload)?;
        let bytes = sample.payload_mut();
        // SAFETY: bytes may have any value, and `draw` writes every one without looking at it.
        let bytes =
            unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast::<u8>(), bytes.len()) };
        frame.draw(bytes);
        // SAFETY: every byte was written.
        unsafe { sample.assume_init() }.send()?;
        notifier.notify()?;
        Ok(())
    })
}

fn read(mut reads: Reads, frames: &Frames, bell: &Bell) -> Result<()> {
    let subscriber = frames.subscriber_builder().create()?;
    let listener: Listener<ipc::Service> = bell.listener_builder().create()?;
    reads.ready()?;
    loop {
        while let Some(sample) = subscriber.receive()? {
            if !reads.take(sample.payload())? {
                return reads.end();
            }
        }
        listener.timed_wait(|_| {}, LOOK)?;
    }
}

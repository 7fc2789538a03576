//! How much of each thing there may be. `ARCHITECTURE.md` lists these.

use std::time::Duration;

/// Limit: slots of one channel. The layout has room for 65,534.
pub const SLOTS_MAX: u32 = 4_096;

/// Limit: bytes of one frame.
pub const PAYLOAD_BYTES_MAX: usize = 1_024 * 1_024 * 1_024;

/// Limit: bytes of all that one channel shares.
pub const CHANNEL_BYTES_MAX: usize = 16 * 1_024 * 1_024 * 1_024;

/// Limit: frames that one subscription holds leases on at once; a return page has room for no more.
pub const PINS_MAX: u32 = 16;

/// Limit: subscriptions of one channel; the writer looks at the pins of each for every frame.
pub const SUBSCRIPTIONS_MAX: usize = 64;

/// Limit: how often a reader tries to get hold of a frame while the writer overtakes it.
///
/// A model that tries every order of events tries fewer, since each attempt multiplies the orders.
pub const LEASE_ATTEMPTS_MAX: u32 = if cfg!(loom) { 2 } else { 64 };

/// Limit: how long [`Policy::Block`](crate::Policy::Block) may ask the writer to wait for one reader.
pub const BLOCK_WAIT_MAX: Duration = Duration::from_secs(10);

/// Limit: how long a writer that waits for a reader goes without asking the kernel whether the reader is still there.
pub const HANG_UP_LOOK: Duration = Duration::from_millis(20);

/// Limit: frames in a second that [`Policy::Sample`](crate::Policy::Sample) may ask for.
pub const SAMPLE_HZ_MAX: u32 = 1_000;

/// Limit: frames of one channel in its life, since a frame's number has 48 bits: 8,900 years at 1,000 a second.
pub const SEQ_MAX: u64 = (1 << 48) - 1;

/// Limit: damage rectangles of one picture.
pub const DAMAGE_MAX: usize = 8;

/// Limit: how long a reader waits for a server's answer to its ticket.
pub const CLAIM_TIMEOUT: Duration = Duration::from_secs(5);

/// Limit: messages that a reader takes from a doorbell's socket at once; more rings say no more than one.
pub const RINGS_TAKEN_MAX: u32 = 1_024;

/// Limit: messages that a server takes from a reader's socket when it looks whether the reader is gone. Nobody asked for
/// them, the writer may be waiting, and each that is taken makes room for one more, which wakes the server again.
pub const SENT_TAKEN_MAX: u32 = 8;

//! Every queue, wait and buffer of this crate, with its size.

use std::time::Duration;

/// Limit: how many connections wait to be accepted, unless [`ListenOptions`](crate::ListenOptions) says otherwise. Linux caps
/// it at `net.core.somaxconn`.
pub const BACKLOG: u32 = 1024;

/// Limit: how long connecting may take in all.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Limit: how long a client waits before it asks again whether a full backlog has room; doubled up to
/// [`CONNECT_RETRY_MAX`].
pub const CONNECT_RETRY_MIN: Duration = Duration::from_millis(1);

/// Limit: the longest wait between two tries on a full backlog.
pub const CONNECT_RETRY_MAX: Duration = Duration::from_millis(50);

/// Limit: how long a listener that is out of descriptors or memory waits before it accepts again.
pub const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// Limit: how much one direction of a `memory:` connection holds, in bytes, before its writer waits.
pub const MEMORY_PIPE_BYTES: usize = 64 * 1024;

/// Limit: how long a listener that finds its address taken waits for the name and pid of the one who has it.
pub const HOLDER_WAIT: Duration = Duration::from_millis(500);

/// Limit: how long between two looks within [`HOLDER_WAIT`].
pub const HOLDER_POLL: Duration = Duration::from_millis(5);

/// Limit: how long a socket that refuses connections is given to begin listening, before it counts as left behind.
pub const STALE_GRACE: Duration = Duration::from_millis(10);

/// Limit: how often a listener clears a left-behind socket and tries again, while others do the same without a lock.
pub const BIND_ATTEMPTS: usize = 8;

/// Limit: how much of a lock file is read, in bytes.
pub const LOCK_FILE_BYTES_MAX: usize = 4096;

/// Limit: how often a folder is made anew, where others take it away as it is being used.
pub const FOLDER_ATTEMPTS: usize = 32;

//! Process groups and signals, sockets and their folders, limits.

mod family;
mod folder;
mod signals;

use std::path::Path;
use std::time::Duration;

use nearcall::{Address, process};
use rustix::process::{Resource, getrlimit};
use tokio::net::UnixStream;

use super::Limit;

pub(crate) use family::{Family, ending};
pub(crate) use folder::{make_private, rights, state_home};
pub(crate) use signals::Signals;
pub(crate) use std::fs::rename as rename_folder;

/// By what a service is asked to end.
pub(crate) const ASKED_BY: &str = "SIGTERM";

/// The variables that say where logs are kept.
pub(crate) const STATE_VARIABLES: &str = "XDG_STATE_HOME or HOME";

/// The variable that says where sockets and entries are.
pub(crate) const RUNTIME_VARIABLE: &str = "XDG_RUNTIME_DIR";

/// What to do where that variable is not set.
pub(crate) const RUNTIME_ADVICE: &str = "fine if every program sees it so; a program started by a desktop or systemd may have it set, and look in another place";

/// How the address of a server may be said, for advice.
pub(crate) const ADDRESS_EXAMPLE: &str = "unix:/path";

/// What calls go over.
pub(crate) const TRANSPORT: &str = "a Unix socket";

/// The longest path of a socket in bytes: `sun_path` of unix(7) without the zero byte at its end.
pub(crate) const SOCKET_PATH_MAX: Option<usize> = if cfg!(target_os = "linux") {
    Some(107)
} else {
    Some(103)
};

/// How long a socket may take to let a caller in before it counts as alive and busy.
const KNOCK_WAIT: Duration = Duration::from_secs(1);

/// Nothing to make ready: a child has what it is given.
pub(crate) const fn begin() {}

/// Whether someone listens there.
pub(crate) async fn is_served(address: &Address) -> bool {
    match address {
        Address::Unix(path) => listens(path).await,
        // Nobody can tell.
        _ => true,
    }
}

async fn listens(path: &Path) -> bool {
    match tokio::time::timeout(KNOCK_WAIT, UnixStream::connect(path)).await {
        Ok(connected) => connected.is_ok(),
        // unix(7): a caller waits while the listener's queue is full, so there is a listener.
        Err(_) => true,
    }
}

/// Asks a process to end that has no terminal of this one's; whether it was asked.
pub(crate) fn ask_to_end(pid: u32) -> bool {
    process::terminate(pid).is_ok()
}

/// How many files a process may open.
pub(crate) fn open_files() -> Option<Limit> {
    let limit = getrlimit(Resource::Nofile);
    Some(Limit {
        current: limit.current,
        maximum: limit.maximum,
    })
}

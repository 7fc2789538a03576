//! Jobs and the console, pipes, and the folders of a profile.

mod family;
mod folder;
mod signals;

use nearcall::{Address, process};

use super::Limit;

pub(crate) use family::{Family, ending};
pub(crate) use folder::{make_private, rename_folder, rights, state_home};
pub(crate) use signals::Signals;

/// By what a service is asked to end.
pub(crate) const ASKED_BY: &str = "ctrl-break";

/// The variables that say where logs are kept.
pub(crate) const STATE_VARIABLES: &str = "LOCALAPPDATA";

/// The variable that says where entries are.
pub(crate) const RUNTIME_VARIABLE: &str = "LOCALAPPDATA";

/// What to do where that variable is not set.
pub(crate) const RUNTIME_ADVICE: &str =
    "set it to the folder that Windows gives every user for this, the same for every program";

/// How the address of a server may be said, for advice.
pub(crate) const ADDRESS_EXAMPLE: &str = "pipe:name";

/// What calls go over.
pub(crate) const TRANSPORT: &str = "a named pipe";

/// Pipes have no paths.
pub(crate) const SOCKET_PATH_MAX: Option<usize> = None;

/// Makes this process ready to start others: what reads its output does not wait for theirs.
pub(crate) fn begin() {
    process::keep_standard_streams();
}

/// Whether someone listens there.
#[expect(clippy::unused_async, reason = "elsewhere it has to wait")]
pub(crate) async fn is_served(address: &Address) -> bool {
    match address {
        Address::Pipe(_) => address.is_taken(),
        Address::Unix(_) => false,
        // Nobody can tell.
        _ => true,
    }
}

/// Asks a process to end that has no console of this one's: nothing of the system's carries that.
pub(crate) const fn ask_to_end(_pid: u32) -> bool {
    false
}

/// How many files a process may open: as many as there is memory for.
pub(crate) const fn open_files() -> Option<Limit> {
    None
}

//! What the system lets this process have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises how many files and sockets this process may have open to all that it is allowed, and answers
/// `(now, most)`, both in descriptors; `u64::MAX` stands for no limit.
///
/// Login shells and service managers leave the soft limit at 1024 for programs that use `select(2)`, which nothing here
/// does. A system that refuses keeps the limit it had, and the answer says so. See `getrlimit(2)`.
pub fn raise_open_files() -> (u64, u64) {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    let now = limit.current.unwrap_or(u64::MAX);
    if now >= most {
        return (now, most);
    }
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => (most, most),
        Err(_) => (now, most),
    }
}

//! How long the name of a socket may be.

/// A name that no socket can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name of the socket {name} has {len} bytes, and this system takes {max}; {advice}")]
#[non_exhaustive]
pub struct NameTooLong {
    /// The name: a path, resolved, or an abstract name.
    pub name: String,
    /// How long it is, in bytes.
    pub len: usize,
    /// How long it may be, in bytes.
    pub max: usize,
    /// What to do.
    pub advice: &'static str,
}

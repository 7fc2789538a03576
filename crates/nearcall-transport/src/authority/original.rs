//! The authority as the client sent it.

use std::fmt;
use std::sync::{Arc, OnceLock};

/// Limit: how many bytes of an original authority are kept; a socket path has at most 108, and a log line wants no more.
pub const KEPT_MAX: usize = 256;

/// The authority of a connection's first request as the client sent it, for logs and nothing else.
///
/// A handle: clones show the same connection, and stay good when the server has taken it. Bytes past [`KEPT_MAX`] are cut.
#[derive(Clone, Default)]
pub struct OriginalAuthority(Arc<OnceLock<Kept>>);

#[derive(Debug)]
struct Kept {
    bytes: Box<[u8]>,
    healed: bool,
}

impl OriginalAuthority {
    /// The bytes, or `None` before the first request with an authority, and for connections that are not followed.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        self.0.get().map(|kept| &*kept.bytes)
    }

    /// Whether the server was given something else.
    #[must_use]
    pub fn was_healed(&self) -> bool {
        self.0.get().is_some_and(|kept| kept.healed)
    }

    /// Keeps the first one.
    pub(super) fn keep(&self, authority: &[u8], healed: bool) {
        self.0.get_or_init(|| Kept {
            bytes: authority.get(..KEPT_MAX).unwrap_or(authority).into(),
            healed,
        });
    }
}

/// Escaped, since the bytes come from a stranger and go to a terminal or a log.
impl fmt::Display for OriginalAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().unwrap_or_default().escape_ascii().fmt(f)
    }
}

impl fmt::Debug for OriginalAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_bytes() {
            Some(_) => write!(f, "OriginalAuthority(b\"{self}\")"),
            None => f.write_str("OriginalAuthority(none yet)"),
        }
    }
}

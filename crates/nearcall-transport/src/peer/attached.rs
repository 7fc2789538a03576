//! What goes along with a peer.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::Peer;

/// One thing that whoever serves a connection hands to the handlers with each [`Peer`]. It says nothing of who the peer
/// is: peers that differ in nothing else are equal.
#[derive(Clone, Default)]
pub(crate) struct Attached(Option<Arc<dyn Any + Send + Sync>>);

impl Attached {
    pub(super) const NONE: Self = Self(None);
}

impl Peer {
    /// Lets something go along with this peer and its clones, in place of what did. A clone costs one count.
    pub fn attach<T: Any + Send + Sync>(&mut self, what: Arc<T>) {
        self.attached = Attached(Some(what));
    }

    /// What goes along, if it is of this type.
    #[must_use]
    pub fn attached<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.attached.0.as_ref()?.downcast_ref()
    }
}

impl PartialEq for Attached {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Attached {}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "something"
        } else {
            "nothing"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Transport;

    #[test]
    fn is_found_by_its_type_and_makes_no_other_peer() {
        let plain = Peer::unknown(Transport::Memory);
        let mut peer = plain.clone();
        peer.attach(Arc::new(7_u8));
        assert_eq!(peer.clone().attached::<u8>(), Some(&7));
        assert_eq!(peer.attached::<u16>(), None);
        assert_eq!(plain.attached::<u8>(), None);
        assert_eq!(peer, plain);
    }
}

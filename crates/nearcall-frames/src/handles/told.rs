//! What a server tells a reader, by which that one has the handles.

use nearcall_sys::name::Name;

/// The numbers that handles have in the reader's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// The region.
    pub region: u64,
    /// The return page.
    pub page: u64,
    /// The event that is set for a reader that sleeps.
    pub ring: u64,
    /// The event that is set when the subscription is evicted.
    pub evicted: u64,
    /// The event that is set by whichever side leaves.
    pub left: u64,
    /// The event that the reader sets once it has all of these.
    pub taken: u64,
    /// The server's process.
    pub server: u64,
}

/// The names by which a reader opens what [`Numbers`] number, as text: they come from the server, and are held to their digits
/// by who opens them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// As [`Numbers::region`].
    pub region: String,
    /// As [`Numbers::page`].
    pub page: String,
    /// As [`Numbers::ring`].
    pub ring: String,
    /// As [`Numbers::evicted`].
    pub evicted: String,
    /// As [`Numbers::left`].
    pub left: String,
    /// As [`Numbers::taken`].
    pub taken: String,
    /// The number of the server's process.
    pub server: u32,
}

/// The names of one reader's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventNames {
    pub(super) ring: Name,
    pub(super) evicted: Name,
    pub(super) left: Name,
    pub(super) taken: Name,
}

impl EventNames {
    /// All that the reader is told, with the names that the memory was made under.
    #[must_use]
    pub fn with(&self, region: &Name, page: &Name) -> Names {
        let Self {
            ring,
            evicted,
            left,
            taken,
        } = self;
        Names {
            region: region.to_string(),
            page: page.to_string(),
            ring: ring.to_string(),
            evicted: evicted.to_string(),
            left: left.to_string(),
            taken: taken.to_string(),
            server: std::process::id(),
        }
    }
}

//! Which wire a call travels on.

use std::fmt;

/// The wire of a call; a handler finds it in the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wire {
    /// gRPC over HTTP/2: what every language speaks.
    Grpc,
    /// The lane: what nearcall peers speak to each other.
    Lane,
}

impl Wire {
    /// As registry entries and tables have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Lane => "lane",
        }
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

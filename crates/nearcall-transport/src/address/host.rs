//! Host and port of TCP.

use std::fmt;
use std::net::SocketAddr;

/// A host and a port, as `127.0.0.1:50051`, `[::1]:50051` or `localhost:50051`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HttpHost {
    // Without brackets, also around IPv6.
    host: String,
    port: u16,
}

impl HttpHost {
    pub(super) const fn checked(host: String, port: u16) -> Self {
        Self { host, port }
    }

    /// The host, without brackets around IPv6.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl From<SocketAddr> for HttpHost {
    fn from(address: SocketAddr) -> Self {
        Self {
            host: address.ip().to_string(),
            port: address.port(),
        }
    }
}

impl fmt::Display for HttpHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

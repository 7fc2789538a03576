//! What is dialled and called.

use nearcall::Address;
use prost_reflect::{FileDescriptor, MethodDescriptor};

use super::sample::Sample;

/// Where the server is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// As nearcall's own clients say it: a name, or an address.
    pub(super) target: String,
    /// The socket.
    pub(super) path: Option<String>,
    /// The name of the pipe, on Windows.
    pub(super) pipe: Option<String>,
    /// The host and the port, for TCP.
    pub(super) host: Option<(String, u16)>,
    /// The name of the service, without its package.
    pub(super) service: String,
}

impl Place {
    pub(super) fn new(target: String, address: &Address, service: &str) -> Self {
        let mut place = Self {
            target,
            path: None,
            pipe: None,
            host: None,
            service: service.to_owned(),
        };
        match address {
            Address::Unix(path) => place.path = Some(path.display().to_string()),
            Address::Pipe(name) => place.pipe = Some(name.clone()),
            Address::Http(host) => place.host = Some((host.host().to_owned(), host.port())),
            _ => {}
        }
        place
    }

    /// The path behind a scheme, or host and port.
    pub(super) fn uri(&self, scheme: &str) -> Option<String> {
        match (&self.path, &self.host) {
            (Some(path), _) => Some(format!("{scheme}{path}")),
            (None, Some((host, port))) if host.contains(':') => Some(format!("[{host}]:{port}")),
            (None, Some((host, port))) => Some(format!("{host}:{port}")),
            (None, None) => None,
        }
    }
}

/// Which sides of a call stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Unary,
    Server,
    Client,
    Bidi,
}

impl Kind {
    pub(super) fn of(method: &MethodDescriptor) -> Self {
        match (method.is_client_streaming(), method.is_server_streaming()) {
            (false, false) => Self::Unary,
            (false, true) => Self::Server,
            (true, false) => Self::Client,
            (true, true) => Self::Bidi,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Unary => "unary",
            Self::Server => "server-streaming",
            Self::Client => "client-streaming",
            Self::Bidi => "bidirectional",
        }
    }
}

/// One call with everything that the code of any language is made of.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) place: Place,
    pub(super) method: MethodDescriptor,
    pub(super) request: Sample,
    /// The `.proto` files that the service needs, its own first.
    pub(super) protos: Vec<FileDescriptor>,
}

impl Call {
    pub(super) fn file(&self) -> FileDescriptor {
        self.method.parent_service().parent_file()
    }

    /// `package.Service/Method`.
    pub(super) fn path(&self) -> String {
        let service = self.method.parent_service();
        format!("{}/{}", service.full_name(), self.method.name())
    }
}

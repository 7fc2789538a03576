//! Metadata that comes back: one entry with the headers of the answer, one with its trailers.

use nearcall::metadata::MetadataMap;
use nearcall::{Request, Response, Trailers};

/// The entry that comes back with the headers.
pub const INITIAL: &str = "x-grpc-test-echo-initial";

/// The entry that comes back with the trailers.
pub const TRAILING: &str = "x-grpc-test-echo-trailing-bin";

/// What a request asks to have back.
#[derive(Debug)]
pub(super) struct Echo {
    initial: MetadataMap,
    trailers: Trailers,
}

impl Echo {
    pub(super) fn of<T>(request: &Request<T>) -> Self {
        let (mut initial, mut trailers) = (MetadataMap::new(), Trailers::default());
        if let Some(value) = request.metadata().get(INITIAL) {
            initial.insert(INITIAL, value.clone());
        }
        if let Some(value) = request.metadata().get_bin(TRAILING) {
            trailers.0.insert_bin(TRAILING, value.clone());
        }
        Self { initial, trailers }
    }

    pub(super) fn with<T>(self, message: T) -> Response<T> {
        let mut response = Response::new(message);
        *response.metadata_mut() = self.initial;
        response.extensions_mut().insert(self.trailers);
        response
    }
}

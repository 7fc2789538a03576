//! Metadata that a handler sends after its last message.
//!
//! gRPC has a place for it in the last frame of an answer, which generated code writes by itself; a handler reaches it
//! by the response's extensions.

use bytes::Bytes;
use http::{Extensions, HeaderMap};
use http_body::Frame;
use tonic::Status;
use tonic::metadata::MetadataMap;

use super::{Arriving, Layer, Stage};

/// Put into a response's extensions, is sent after the last message of an answer that ends well. A failure has metadata
/// of its own, in its [`Status`].
///
/// ```
/// use nearcall_rpc::Trailers;
/// # use tonic::Response;
///
/// let mut response = Response::new("a message");
/// let mut trailers = Trailers::default();
/// trailers.0.insert("x-rows", "3".parse().expect("ASCII"));
/// response.extensions_mut().insert(trailers);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Trailers(pub MetadataMap);

/// Sends [`Trailers`].
#[derive(Debug, Clone)]
pub(crate) struct Trail;

impl Layer for Trail {
    type Stage = Trailing;

    fn begin(&self, _call: &mut Arriving<'_>) -> Result<Trailing, Status> {
        Ok(Trailing(None))
    }
}

#[derive(Debug)]
pub(crate) struct Trailing(Option<HeaderMap>);

impl Stage for Trailing {
    fn saw_head(&mut self, extensions: &mut Extensions) {
        self.0 = extensions
            .remove::<Trailers>()
            .map(|Trailers(metadata)| metadata.into_headers());
    }

    fn saw_frame(&mut self, frame: &mut Frame<Bytes>) {
        if let Some(last) = frame.trailers_mut()
            && let Some(mut trailers) = self.0.take()
        {
            // How the call ended is the generated code's to say.
            trailers.extend(std::mem::take(last));
            *last = trailers;
        }
    }
}

//! A server's service that makes every call once more, of whoever made it: what a client hosts under that name is what it
//! sees when it calls it.

use nearcall::codegen::Bytes;
use nearcall::raw::{self, CallOptions, Messages, MethodPath, RawService};
use nearcall::tokio_stream::StreamExt;
use nearcall::{Request, Response, Status, Streaming, caller};

/// The service of this name, with these methods: their names, and whether they stream.
///
/// # Panics
///
/// A name is none that protobuf allows.
#[must_use]
pub fn mirror(service: &str, methods: &[(&str, bool)]) -> RawService {
    let raw = RawService::new(service).expect("a name");
    methods.iter().fold(raw, |raw, &(method, streams)| {
        let path = MethodPath::new(service, method).expect("a name");
        raw.method(method, streams, move |request| {
            let path = path.clone();
            Box::pin(async move { call_back(&path, request).await })
        })
        .expect("a name")
    })
}

/// Makes a call once more, of who made it.
///
/// # Errors
///
/// FAILED_PRECONDITION where there is no way back, else the status of the call.
pub async fn call_back(
    path: &MethodPath,
    request: Request<Streaming<Bytes>>,
) -> Result<Response<Messages>, Status> {
    let channel = caller(&request).ok_or_else(|| Status::failed_precondition("no way back"))?;
    let (metadata, _, messages) = request.into_parts();
    let mut onward = Request::new(messages.map_while(Result::ok));
    *onward.metadata_mut() = metadata;
    let answer = raw::call(channel, path, onward, CallOptions::default()).await?;
    Ok(answer.map(|replies| Box::pin(replies) as Messages))
}

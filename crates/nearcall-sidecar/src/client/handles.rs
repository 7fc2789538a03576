//! Memory that is handed over on Windows: handles that the server put into this process, or names to open.

use nearcall_frames::handles;
use nearcall_proto::frames::v1 as wire;
use nearcall_sys::handover::take;
use nearcall_sys::memory::{Writable, open_upload};
use nearcall_sys::name::Use;
use tonic::Status;

pub(super) use super::handed::{Link, TIER, hand_over};

use super::handed::{names, numbers};
use super::upload::Fault;
use crate::imp::{Passed, borrowed};

/// What an answer has the memory by: what was put into this process, or opened by it.
pub(super) type Taken = Option<handles::Taken>;

pub(super) fn taken(answer: &wire::OpenResponse) -> Taken {
    let numbered = answer.handles.as_ref();
    let numbered = numbered.map(|told| handles::Taken::of(&numbers(told)));
    let named = answer.names.as_ref();
    numbered.or_else(|| named.map(|told| handles::Taken::named(&names(told))))
}

/// What an upload lasts as long as: the connection, of which nothing is to be kept.
#[derive(Debug)]
pub(super) struct Lasting;

/// Asks a server. What it put into this process is in its answer, which is waited for even where nobody waits for this:
/// the handles would stay open.
pub(super) async fn ask<T, E>(
    asking: impl Future<Output = Result<T, E>> + Send + 'static,
    refused: impl FnOnce(Status) -> E,
) -> Result<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    let asked = tokio::spawn(asking).await;
    asked.unwrap_or_else(|error| Err(refused(Status::cancelled(error.to_string()))))
}

/// Maps the memory of an upload. A server knows that it is there: there is nothing to wait for.
pub(super) async fn fetch(
    told: wire::OpenUploadResponse,
    bytes: usize,
) -> Result<(Writable, Lasting), Fault> {
    let section = if told.name.is_empty() {
        take(told.handle)?.into()
    } else {
        Passed::open(&told.name, Use::Fill)?
    };
    let memory = open_upload(borrowed(&section), bytes)?;
    Ok((memory, Lasting))
}

//! What a call says of itself, apart from its messages, and what of it comes back.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use nearcall::metadata::{KeyAndValueRef, MetadataMap};
use nearcall::{Context, Peer, Request, Response, Status, Trailers, Wire};

use super::pb::{Entry, Order, Report};
use super::tally::Tally;

/// Metadata whose names begin so comes back before the first message.
const HEAD: &str = "x-head-";

/// Metadata whose names begin so comes back after the last message, or with the failure.
const TRAIL: &str = "x-trail-";

/// One call.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) metadata: HashMap<String, String>,
    pub(super) wire: Option<Wire>,
    pub(super) tally: Arc<Tally>,
    entries: Vec<Entry>,
    head: MetadataMap,
    trail: MetadataMap,
    peer: Option<Peer>,
}

impl Seen {
    pub(super) fn of<T>(request: &Request<T>, tally: &Arc<Tally>) -> Self {
        let (mut metadata, mut entries) = (HashMap::new(), Vec::new());
        for entry in request.metadata().iter() {
            let (name, value, text) = match &entry {
                KeyAndValueRef::Ascii(name, value) => (
                    name.as_str(),
                    value.as_bytes().to_vec(),
                    value.to_str().unwrap_or_default().to_owned(),
                ),
                KeyAndValueRef::Binary(name, value) => {
                    let bytes = value.to_bytes().unwrap_or_default();
                    (name.as_str(), bytes.to_vec(), format!("{bytes:?}"))
                }
            };
            let name = name.to_owned();
            entries.push(Entry {
                name: name.clone(),
                value,
            });
            if name.starts_with("x-") {
                metadata.insert(name, text);
            }
        }
        // Of names nobody says which comes first; of the values of one name they do, and this sort keeps them so.
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Self {
            metadata,
            wire: request.extensions().get::<Wire>().copied(),
            tally: Arc::clone(tally),
            entries,
            head: named(HEAD, request.metadata()),
            trail: named(TRAIL, request.metadata()),
            peer: request.extensions().get::<Peer>().cloned(),
        }
    }

    pub(super) fn report(&self, order: Order, orders: u32, onward: Option<Report>) -> Report {
        self.tally.reports.fetch_add(1, Ordering::SeqCst);
        let context = Context::current();
        Report {
            payload: order.payload,
            orders,
            metadata: self.metadata.clone(),
            remaining_ms: context
                .remaining()
                .map(|left| left.as_millis().try_into().unwrap_or(u64::MAX)),
            trace_id: context
                .trace()
                .map(|trace| trace.trace_id().to_owned())
                .unwrap_or_default(),
            peer_pid: self.peer.as_ref().and_then(|peer| peer.pid),
            peer_uid: self.peer.as_ref().and_then(|peer| peer.uid),
            wire: self.wire.map(|wire| wire.to_string()).unwrap_or_default(),
            onward: onward.map(Box::new),
            entries: self.entries.clone(),
        }
    }

    /// An answer with the metadata that is to come back.
    pub(super) fn on<T>(&self, message: T) -> Response<T> {
        let mut response = Response::new(message);
        *response.metadata_mut() = self.head.clone();
        response
            .extensions_mut()
            .insert(Trailers(self.trail.clone()));
        response
    }

    /// A failure with the metadata that is to come back.
    pub(super) fn with(&self, mut status: Status) -> Status {
        *status.metadata_mut() = self.trail.clone();
        status
    }
}

fn named(prefix: &str, metadata: &MetadataMap) -> MetadataMap {
    let mut found = MetadataMap::new();
    for entry in metadata.iter() {
        match entry {
            KeyAndValueRef::Ascii(name, value) if name.as_str().starts_with(prefix) => {
                found.append(name.clone(), value.clone());
            }
            KeyAndValueRef::Binary(name, value) if name.as_str().starts_with(prefix) => {
                found.append_bin(name.clone(), value.clone());
            }
            _ => {}
        }
    }
    found
}

//! Which calls are taken in: those to a method that is served, from a peer that may call, while there is room.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tonic::Status;

use super::{Arriving, Layer, Stage};
use crate::server::calls::{Admitted, Calls};
use crate::server::router::Router;
use crate::status::Reason;

/// When a caller that was turned away for want of room should come again.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// Turns away what the server does not serve, and what it has no room for.
#[derive(Debug, Clone)]
pub(crate) struct Admit {
    pub(crate) router: Router,
    pub(crate) calls: Arc<Calls>,
    /// Why the peer of this connection is refused, where it is.
    pub(crate) refusal: Option<Arc<str>>,
}

impl Layer for Admit {
    type Stage = Place;

    fn begin(&self, call: &mut Arriving<'_>) -> Result<Place, Status> {
        if let Some(why) = &self.refusal {
            return Err(Reason::PeerRefused.status(&**why));
        }
        let (method, route) = self.router.method(call.path)?;
        let admitted = self
            .calls
            .admit(&method.path, method.streaming)
            .map_err(|max| {
                let (reason, kind) = match method.streaming {
                    true => (Reason::TooManyStreams, "streams are open"),
                    false => (Reason::TooManyCalls, "calls are being carried out"),
                };
                reason.status_with_retry(
                    format!("{max} {kind}, as many as this server takes; try again"),
                    RETRY_AFTER,
                )
            })?;
        call.facts.call = Some(Arc::clone(admitted.call()));
        call.facts.route = Some(Arc::clone(route));
        Ok(Place(admitted))
    }
}

/// The call's place among those in flight; ends the call when the server cuts it off.
#[derive(Debug)]
pub(crate) struct Place(Admitted);

impl Stage for Place {
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        self.0
            .call()
            .poll_cut(cx)
            .map(|()| Reason::CutOff.status("the server stopped before the call ended"))
    }
}

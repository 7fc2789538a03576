//! The end of a server: no new calls, time for those in flight, and a word on those that were cut off.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::callback::HOST_PATH;
use crate::limits::CUT_GRACE;
use crate::server::accept::Accept;
use crate::server::calls::CutCall;
use crate::server::signals::Signals;
use crate::server::{Place, ServeError, Stop};

/// How a server ended.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Drained {
    /// The calls that were still going on when the time was up; empty after a clean end.
    pub cut: Vec<CutCall>,
}

/// Serves until something ends it, then drains.
pub(crate) async fn serve(
    accept: Arc<Accept>,
    places: Vec<Place>,
    reporter: HealthReporter,
    mut signals: Signals,
    stop: Option<Stop>,
) -> Result<Drained, ServeError> {
    let mut listeners = JoinSet::new();
    for place in places {
        let accept = Arc::clone(&accept);
        listeners.spawn(async move {
            // The whole of it, or the entry would go before the listener does.
            let mut place = place;
            let address = place.listener.address().clone();
            accept
                .run(&mut place.listener)
                .await
                .map_err(|source| ServeError::Accept { address, source })
        });
    }
    let asked = async {
        match stop {
            Some(Stop(stop)) => stop.await,
            None => std::future::pending().await,
        }
    };
    let outcome = tokio::select! {
        signal = signals.next() => {
            tracing::info!(signal, limit = ?accept.limits.drain_timeout, "stopping; waiting for the calls in flight");
            Ok(())
        }
        () = asked => Ok(()),
        Some(ended) = listeners.join_next() => ended.unwrap_or(Ok(())),
    };
    for name in accept.router.names().into_iter().chain([""]) {
        reporter
            .set_service_status(name, ServingStatus::NotServing)
            .await;
    }
    accept.stop.cancel();
    accept.companions.leave();
    // The listeners go first: from here on the name is free for the next server.
    while listeners.join_next().await.is_some() {}
    let cut = drain(&accept, &mut signals).await;
    outcome.map(|()| Drained { cut })
}

async fn drain(accept: &Accept, signals: &mut Signals) -> Vec<CutCall> {
    // Those that watch the health know by now, and a reflection client is between two questions: neither ends by itself.
    accept.calls.cut_where(|path| path.starts_with("/grpc."));
    accept.tasks.close();
    let ended = async {
        // Handlers in flight may still call what their clients host; then nobody needs those streams any more.
        accept.calls.only_left(|path| path == HOST_PATH).await;
        let never_end = |path: &str| path.starts_with("/grpc.") || path == HOST_PATH;
        accept.calls.cut_where(never_end);
        accept.tasks.wait().await;
    };
    tokio::select! {
        () = ended => return Vec::new(),
        () = tokio::time::sleep(accept.limits.drain_timeout) => {}
        signal = signals.next() => tracing::info!(signal, "told again; waiting no longer"),
    }
    let cut = accept.calls.cut_where(|_| true);
    for CutCall { path, age } in &cut {
        tracing::warn!(path, ?age, "cut off a call");
    }
    if !wait(accept, CUT_GRACE).await {
        accept.abort.cancel();
        wait(accept, CUT_GRACE).await;
    }
    cut
}

async fn wait(accept: &Accept, limit: Duration) -> bool {
    tokio::time::timeout(limit, accept.tasks.wait())
        .await
        .is_ok()
}

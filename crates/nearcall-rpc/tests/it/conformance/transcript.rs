//! What a caller was told, in a form that two wires can be compared by.

use std::fmt::Debug;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use nearcall::metadata::{KeyAndValueRef, MetadataMap};
use nearcall::{Channel, Code, Response, Server, Status, Streaming, Wire, tokio};
use nearcall_testkit::Running;
use nearcall_testkit::probe::{Order, ProbeClient, Report};

/// Where the wires differ on purpose: what HTTP has to say of itself is no metadata on the lane, and the deadline and the
/// status have places of their own there. All else is the same.
const ON_HTTP_ALONE: [&str; 4] = ["content-type", "grpc-timeout", "te", "user-agent"];

/// Left among the metadata of an answer of one message where it went through HTTP's headers, and says nothing there: a
/// failure is no answer.
const OF_NO_MEANING: &str = "grpc-status";

/// How long a script may take; one that hangs has failed.
const ENOUGH: Duration = Duration::from_secs(60);

/// Metadata by name; values of one name in their order, and bytes as they are.
pub(super) type Entries = Vec<(String, Vec<u8>)>;

/// One thing that a caller is told.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told {
    Head(Entries),
    Report(Report),
    Trailers(Entries),
    Failed {
        code: Code,
        message: String,
        details: Bytes,
        metadata: Entries,
    },
}

impl Told {
    /// The code, where it is a failure.
    pub(super) const fn code(&self) -> Option<Code> {
        match self {
            Self::Failed { code, .. } => Some(*code),
            _ => None,
        }
    }
}

/// A server, and a client of it over one wire.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) wire: Wire,
    pub(super) server: Running,
    pub(super) client: ProbeClient<Channel>,
}

/// Runs a script over either wire; what comes of it is the same.
pub(super) async fn same<T: PartialEq + Debug>(script: impl AsyncFn(&Side) -> T) -> T {
    same_with(|server| server, script).await
}

/// As [`same`], with a server of other settings.
pub(super) async fn same_with<T: PartialEq + Debug>(
    settings: impl Fn(Server) -> Server,
    script: impl AsyncFn(&Side) -> T,
) -> T {
    let over = async |wire| {
        let side = Side::start(wire, &settings).await;
        match tokio::time::timeout(ENOUGH, script(&side)).await {
            Ok(told) => told,
            Err(_) => panic!("over {wire} it has not ended within {ENOUGH:?}: {side:?}"),
        }
    };
    let (grpc, lane) = (over(Wire::Grpc).await, over(Wire::Lane).await);
    assert_eq!(grpc, lane, "gRPC on the left, the lane on the right");
    lane
}

impl Side {
    async fn start(wire: Wire, settings: impl Fn(Server) -> Server) -> Self {
        let server = Running::start_with(settings).await.over(wire);
        let client = server.client().await;
        Self {
            wire,
            server,
            client,
        }
    }

    /// A client on the same connection.
    pub(super) fn client(&self) -> ProbeClient<Channel> {
        self.client.clone()
    }

    /// How many handlers began and how many were dropped.
    pub(super) fn handlers(&self) -> (usize, usize) {
        let tally = &self.server.tally;
        (
            tally.begun.load(Ordering::SeqCst),
            tally.dropped.load(Ordering::SeqCst),
        )
    }

    /// Metadata but for what HTTP alone has.
    pub(super) fn entries<'a>(
        &self,
        entries: impl IntoIterator<Item = (&'a str, Vec<u8>)>,
    ) -> Entries {
        let mut kept = Entries::new();
        for (name, value) in entries {
            if ON_HTTP_ALONE.contains(&name) {
                assert_eq!(self.wire, Wire::Grpc, "{name} is no metadata on the lane");
            } else if name == OF_NO_MEANING {
                assert_eq!(value, b"0");
            } else {
                kept.push((name.to_owned(), value));
            }
        }
        // This sort keeps values of one name in their order.
        kept.sort_by(|one, other| one.0.cmp(&other.0));
        kept
    }

    pub(super) fn metadata(&self, metadata: &MetadataMap) -> Entries {
        self.entries(metadata.iter().map(|entry| match entry {
            KeyAndValueRef::Ascii(name, value) => (name.as_str(), value.as_bytes().to_vec()),
            KeyAndValueRef::Binary(name, value) => {
                let bytes = value.to_bytes().expect("base64");
                (name.as_str(), bytes.to_vec())
            }
        }))
    }

    /// A report, which must name the wire, without what is different each time.
    pub(super) fn report(&self, mut report: Report) -> Told {
        assert_eq!(report.wire, self.wire.as_str());
        report.wire.clear();
        report.remaining_ms = report.remaining_ms.map(|_left| 0);
        for entry in std::mem::take(&mut report.entries) {
            let kept = self.entries([(entry.name.as_str(), entry.value)]);
            for (name, value) in kept {
                report
                    .entries
                    .push(nearcall_testkit::probe::Entry { name, value });
            }
        }
        Told::Report(report)
    }

    pub(super) fn failed(&self, status: &Status) -> Told {
        Told::Failed {
            code: status.code(),
            message: status.message().to_owned(),
            details: Bytes::copy_from_slice(status.details()),
            metadata: self.metadata(status.metadata()),
        }
    }

    /// A whole answer of one message.
    pub(super) fn one(&self, answer: Result<Response<Report>, Status>) -> Vec<Told> {
        match answer {
            Ok(answer) => vec![
                Told::Head(self.metadata(answer.metadata())),
                self.report(answer.into_inner()),
            ],
            Err(status) => vec![self.failed(&status)],
        }
    }

    /// A whole answer of many.
    pub(super) async fn many(
        &self,
        answer: Result<Response<Streaming<Report>>, Status>,
    ) -> Vec<Told> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(status) => return vec![self.failed(&status)],
        };
        let mut told = vec![Told::Head(self.metadata(answer.metadata()))];
        let mut reports = answer.into_inner();
        loop {
            match reports.message().await {
                Ok(Some(report)) => told.push(self.report(report)),
                Ok(None) => break,
                Err(status) => {
                    told.push(self.failed(&status));
                    return told;
                }
            }
        }
        let trailers = reports.trailers().await.expect("it ended well");
        told.push(Told::Trailers(self.metadata(&trailers.unwrap_or_default())));
        told
    }
}

/// An order of some bytes.
pub(super) fn order(payload: &[u8]) -> Order {
    Order {
        payload: payload.to_vec(),
        ..Order::default()
    }
}

/// An order that takes longer than any test.
pub(super) fn slow() -> Order {
    Order {
        delay_ms: 60_000,
        count: 1,
        ..Order::default()
    }
}

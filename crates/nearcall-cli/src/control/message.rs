//! Between what supervision knows and what the wire says.

use nearcall::Status as RpcStatus;
use nearcall::proto::supervisor::v1 as wire;

use crate::log_file::{Record, Source};
use crate::names::{ServiceName, World};
use crate::registered;
use crate::state_folder::StateFolder;
use crate::supervise::{State, Status};

/// One service on the wire.
pub(super) fn service(
    world: &World,
    folder: Option<&StateFolder>,
    status: &Status,
) -> wire::Service {
    wire::Service {
        name: status.name.to_string(),
        state: state(status.state).into(),
        pid: status.pid.unwrap_or_default(),
        address: registered::address(world, &status.name).unwrap_or_default(),
        started: status.started.map(Into::into),
        restarts: status.restarts,
        last_exit: status.last_exit.clone(),
        log_path: folder
            .map(|folder| folder.log(&status.name).display().to_string())
            .unwrap_or_default(),
        detail: status.detail.clone(),
    }
}

const fn state(state: State) -> wire::State {
    match state {
        State::Waiting => wire::State::Waiting,
        State::Starting => wire::State::Starting,
        State::Serving => wire::State::Serving,
        State::NotServing => wire::State::NotServing,
        State::Backoff => wire::State::Backoff,
        State::Failed => wire::State::Failed,
        State::Stopping => wire::State::Stopping,
        State::Stopped => wire::State::Stopped,
    }
}

/// One service from the wire; `None` when it has no name or a state that this version does not know.
pub(super) fn status(service: wire::Service) -> Option<Status> {
    Some(Status {
        name: service.name.parse().ok()?,
        state: match wire::State::try_from(service.state).ok()? {
            wire::State::Unspecified => return None,
            wire::State::Waiting => State::Waiting,
            wire::State::Starting => State::Starting,
            wire::State::Serving => State::Serving,
            wire::State::NotServing => State::NotServing,
            wire::State::Backoff => State::Backoff,
            wire::State::Failed => State::Failed,
            wire::State::Stopping => State::Stopping,
            wire::State::Stopped => State::Stopped,
        },
        pid: Some(service.pid).filter(|pid| *pid != 0),
        started: service.started.and_then(|at| at.try_into().ok()),
        restarts: service.restarts,
        last_exit: service.last_exit,
        detail: service.detail,
    })
}

/// Names from the wire.
///
/// # Errors
/// INVALID_ARGUMENT for the first that is none.
pub(super) fn names(names: &[String]) -> Result<Vec<ServiceName>, RpcStatus> {
    let name = |name: &String| {
        name.parse::<ServiceName>()
            .map_err(|error| RpcStatus::invalid_argument(error.to_string()))
    };
    names.iter().map(name).collect()
}

/// One line of a log on the wire.
pub(super) fn line(name: &ServiceName, record: Record) -> wire::LogsResponse {
    let source = match record.source {
        Source::Out => wire::Source::Stdout,
        Source::Err => wire::Source::Stderr,
        Source::Sup => wire::Source::Supervisor,
    };
    wire::LogsResponse {
        service: name.to_string(),
        time: Some(record.at.into()),
        source: source.into(),
        text: record.text,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn a_status_survives_the_wire() {
        let check = |state, pid, started| {
            let before = Status {
                name: "arith".parse().unwrap(),
                state,
                pid,
                started,
                restarts: 3,
                last_exit: "failed with exit status 1".to_owned(),
                detail: "words".to_owned(),
            };
            let after = status(service(&World::default(), None, &before)).unwrap();
            assert_eq!(format!("{after:?}"), format!("{before:?}"));
        };
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_000_000_123);
        check(State::Serving, Some(7), Some(at));
        for state in [
            State::Waiting,
            State::Starting,
            State::NotServing,
            State::Backoff,
            State::Failed,
            State::Stopping,
            State::Stopped,
        ] {
            check(state, None, None);
        }
        assert!(status(wire::Service::default()).is_none());
    }
}

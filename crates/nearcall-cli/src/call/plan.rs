//! From the command line to what is to be called; and what can go wrong before the call.

use std::process::ExitCode;

use nearcall::inspect::InspectError;
use nearcall::raw::{MethodPath, MethodPathError};

use super::input::{Input, InputError};
use crate::output;
use crate::schema::servers::NoServer;
use crate::schema::{FileError, Unfound};

// The exit statuses above gRPC's own 16, from sysexits.h.
pub(crate) const USAGE: u8 = 64;
const DATA: u8 = 65;
const NO_INPUT: u8 = 66;
const UNAVAILABLE: u8 = 69;

/// What is to be called, and with what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Where the server is, if that was said.
    pub(super) target: Option<String>,
    /// The method.
    pub(super) path: MethodPath,
    /// Where the messages come from.
    pub(super) input: Input,
}

/// The words do not say what to call.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlanError {
    /// No method.
    #[error(transparent)]
    Path(#[from] MethodPathError),
    /// The server was named twice.
    #[error("the server is named twice: {first} and --at {second}; name it once")]
    TwoTargets {
        /// Before the method.
        first: String,
        /// By `--at`.
        second: String,
    },
    /// The messages were given twice.
    #[error("the messages are given twice: after the method and by --data; give them once")]
    TwoInputs,
}

impl Plan {
    /// Reads `[TARGET] METHOD [JSON]`.
    pub(super) fn of(
        words: &[String],
        at: Option<&str>,
        data: Option<&str>,
    ) -> Result<Self, PlanError> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (target, method, messages) = match words.as_slice() {
            [target, method, messages] => (Some(*target), *method, Some(*messages)),
            // JSON is never a method, and no method is JSON: the second word tells what both are.
            [target, method] if method_path(method).is_ok() => (Some(*target), *method, None),
            [method, messages] => (None, *method, Some(*messages)),
            [method] => (None, *method, None),
            _ => (None, "", None),
        };
        let target = match (target, at) {
            (Some(first), Some(second)) => {
                return Err(PlanError::TwoTargets {
                    first: first.to_owned(),
                    second: second.to_owned(),
                });
            }
            (target, at) => target.or(at),
        };
        let messages = match (messages, data) {
            (Some(_), Some(_)) => return Err(PlanError::TwoInputs),
            (messages, data) => messages.or(data),
        };
        Ok(Self {
            target: target.map(str::to_owned),
            path: method_path(method)?,
            input: messages.map_or(Input::Nothing, Input::of),
        })
    }
}

/// `package.Service/Method`, or as descriptors have it, `package.Service.Method`.
fn method_path(given: &str) -> Result<MethodPath, MethodPathError> {
    given.parse().or_else(|error| match given.rsplit_once('.') {
        Some((service, method)) if !given.contains('/') => MethodPath::new(service, method),
        _ => Err(error),
    })
}

/// Why there was no call, with the exit status for it.
#[derive(Debug)]
pub(super) struct Failure {
    status: u8,
    error: anyhow::Error,
}

impl Failure {
    /// Tells it on stderr.
    pub(super) fn report(&self) -> ExitCode {
        let told = output::report(&self.error);
        // A reader that went away has its own status.
        if told == ExitCode::FAILURE {
            ExitCode::from(self.status)
        } else {
            told
        }
    }

    fn advised(
        status: u8,
        error: impl std::error::Error + Send + Sync + 'static,
        advice: Option<&str>,
    ) -> Self {
        let what = error.to_string();
        let error = anyhow::Error::new(error);
        let error = match advice {
            Some(advice) => error.context(output::advised(what, advice)),
            None => error,
        };
        Self { status, error }
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        Self::advised(
            USAGE,
            error,
            Some("nearcall call arith.v1.Arith/Multiply '{\"a\":17,\"b\":8}'"),
        )
    }
}

impl From<NoServer> for Failure {
    fn from(error: NoServer) -> Self {
        let status = match error {
            NoServer::Ambiguous { .. } => USAGE,
            _ => UNAVAILABLE,
        };
        let advice = error.advice();
        Self::advised(status, error, Some(&advice))
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let status = match error {
            FileError::Read { .. } | FileError::TooLong { .. } => NO_INPUT,
            _ => DATA,
        };
        Self::advised(status, error, None)
    }
}

impl From<Unfound> for Failure {
    fn from(error: Unfound) -> Self {
        match &error {
            Unfound::Inspect(InspectError::NoReflection) => Self::advised(
                UNAVAILABLE,
                error,
                Some("give the types as a file: --proto FILE or --protoset FILE"),
            ),
            Unfound::Inspect(_) => Self::advised(UNAVAILABLE, error, None),
            _ => Self::advised(
                USAGE,
                error,
                Some("`nearcall describe SERVICE` shows what a service takes"),
            ),
        }
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        let advice = match &error {
            InputError::OverLimit { over, .. } => Some(format!("--max-message {}", over.found)),
            _ => None,
        };
        let status = match error {
            InputError::Read { .. } => NO_INPUT,
            _ => DATA,
        };
        Self::advised(status, error, advice.as_deref())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::advised(NO_INPUT, error, None)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self {
            status: USAGE,
            error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_say_what_to_call() {
        let check = |words: &[&str],
                     at,
                     data,
                     expected: Result<(Option<&str>, &str, Input), &str>| {
            let owned: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            let found = Plan::of(&owned, at, data)
                .map(|plan| (plan.target, plan.path.to_string(), plan.input))
                .map_err(|error| error.to_string());
            let expected = expected
                .map(|(target, path, input)| (target.map(str::to_owned), path.to_owned(), input))
                .map_err(str::to_owned);
            assert_eq!(found, expected, "{words:?}");
        };
        let json = || Input::Text("{}".to_owned());
        check(&["a.B/C"], None, None, Ok((None, "/a.B/C", Input::Nothing)));
        check(
            &["/a.B/C"],
            None,
            None,
            Ok((None, "/a.B/C", Input::Nothing)),
        );
        check(&["a.B.C"], None, None, Ok((None, "/a.B/C", Input::Nothing)));
        check(&["a.B/C", "{}"], None, None, Ok((None, "/a.B/C", json())));
        check(
            &["a.B/C", "-"],
            None,
            None,
            Ok((None, "/a.B/C", Input::Stdin)),
        );
        check(
            &["a.B/C"],
            None,
            Some("@x"),
            Ok((None, "/a.B/C", Input::File("x".into()))),
        );
        check(
            &["arith", "a.B/C"],
            None,
            None,
            Ok((Some("arith"), "/a.B/C", Input::Nothing)),
        );
        check(
            &["arena/arith", "a.B/C", "{}"],
            None,
            None,
            Ok((Some("arena/arith"), "/a.B/C", json())),
        );
        check(
            &["a.B/C", "{}"],
            Some("unix:/x"),
            None,
            Ok((Some("unix:/x"), "/a.B/C", json())),
        );
        check(
            &["arith", "a.B/C"],
            Some("other"),
            None,
            Err("the server is named twice: arith and --at other; name it once"),
        );
        check(
            &["a.B/C", "{}"],
            None,
            Some("{}"),
            Err("the messages are given twice: after the method and by --data; give them once"),
        );
        check(
            &["Arith"],
            None,
            None,
            Err("expected a method as package.Service/Method, found \"Arith\""),
        );
        check(
            &["a.B/C/D"],
            None,
            None,
            Err("expected a method as package.Service/Method, found \"a.B/C/D\""),
        );
        check(
            &["arith", "{}"],
            None,
            None,
            Err("expected a method as package.Service/Method, found \"arith\""),
        );
    }
}

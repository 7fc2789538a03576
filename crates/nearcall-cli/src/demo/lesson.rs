//! A lesson: calls to one service by name, as `nearcall call` makes them, with what has to come back.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use nearcall::raw::{self, CallOptions, MethodPath};
use nearcall::{Channel, Code, Request, Status};
use prost_reflect::prost::Message as _;
use prost_reflect::prost::bytes::Bytes;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use serde_json::Value;

use crate::call::status;
use crate::names::World;
use crate::registered;
use crate::schema::Schema;
use crate::schema::json::{self, Style};

/// How long one call may take.
const CALL_WAIT: Duration = Duration::from_secs(10);

/// How many bytes of a message or an answer the table shows.
const SHOWN_LEN_MAX: usize = 72;

/// Calls to one service.
#[derive(Debug)]
pub(super) struct Lesson {
    /// The name in `nearcall.toml`.
    pub(super) server: &'static str,
    /// The full name of the service.
    pub(super) service: &'static str,
    /// The calls, in order.
    pub(super) calls: Vec<Call>,
}

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    /// The method.
    pub(super) method: &'static str,
    /// The messages that are sent, as JSON; one, but for client streams.
    pub(super) sent: Vec<Value>,
    /// What has to come back.
    pub(super) expected: Expected,
}

/// What has to come back.
#[derive(Debug)]
pub(super) enum Expected {
    /// These messages, in this order, and a good end.
    Answers(Vec<Value>),
    /// An error of this code whose details name this field.
    Refusal {
        /// The code.
        code: Code,
        /// The field.
        field: &'static str,
    },
}

/// A call as it went.
#[derive(Debug)]
pub(super) struct Called {
    /// What was called, for people.
    pub(super) call: String,
    /// What came back, for people.
    pub(super) answer: String,
    /// From JSON in to the last answer's JSON out.
    pub(super) took: Duration,
    /// Whether it is what had to come back.
    pub(super) expected: bool,
}

impl Lesson {
    /// Makes the calls, one after the other, over one connection.
    pub(super) async fn run(&self, world: &World) -> anyhow::Result<Vec<Called>> {
        let name = self.server.parse()?;
        let address = registered::address(world, &name)
            .with_context(|| format!("{name} serves and has no entry in world {world}"))?;
        let channel = nearcall::connect(address).await?;
        let mut schema = Schema::reflected(channel.clone());
        let mut called = Vec::new();
        for call in &self.calls {
            // Asking what the method looks like is no part of the call.
            let method = schema.method(self.service, call.method).await?;
            let path = MethodPath::new(self.service, call.method)?;
            let start = Instant::now();
            let outcome = exchange(&channel, &path, &method, &call.sent).await?;
            let took = start.elapsed();
            let (answer, expected) = call.judge(&mut schema, outcome).await;
            called.push(Called {
                call: short(format!("{} {}", call.method, joined(&call.sent))),
                answer,
                took,
                expected,
            });
        }
        Ok(called)
    }
}

impl Call {
    async fn judge(
        &self,
        schema: &mut Schema,
        outcome: Result<Vec<Value>, Status>,
    ) -> (String, bool) {
        match outcome {
            Ok(answers) => {
                let expected =
                    matches!(&self.expected, Expected::Answers(expected) if *expected == answers);
                (short(joined(&answers)), expected)
            }
            Err(status) => {
                let told = status::read(Some(schema), &status).await;
                let expected = match &self.expected {
                    Expected::Answers(_) => false,
                    Expected::Refusal { code, field } => {
                        *code == status.code() && names_field(&told.json(), field)
                    }
                };
                (told.lines().join("\n"), expected)
            }
        }
    }
}

/// Sends all messages and takes all answers.
async fn exchange(
    channel: &Channel,
    path: &MethodPath,
    method: &MethodDescriptor,
    sent: &[Value],
) -> anyhow::Result<Result<Vec<Value>, Status>> {
    let messages = sent
        .iter()
        .map(|value| {
            json::read(&method.input(), value).map(|message| Bytes::from(message.encode_to_vec()))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(anyhow::Error::msg)?;
    let request = Request::new(tokio_stream::iter(messages));
    let options = CallOptions::default().deadline(CALL_WAIT);
    let mut replies = match raw::call(channel.clone(), path, request, options).await {
        Ok(replies) => replies.into_inner(),
        Err(status) => return Ok(Err(status)),
    };
    let mut answers = Vec::new();
    loop {
        match replies.message().await {
            Ok(Some(message)) => {
                let message = DynamicMessage::decode(method.output(), message)?;
                answers.push(serde_json::from_str(&json::print(
                    &message,
                    Style::default(),
                )?)?);
            }
            Ok(None) => return Ok(Ok(answers)),
            Err(status) => return Ok(Err(status)),
        }
    }
}

/// Whether a `google.rpc.BadRequest` in a status as JSON names a field.
fn names_field(status: &Value, field: &str) -> bool {
    let details = status["details"].as_array().into_iter().flatten();
    details
        .flat_map(|detail| detail["fieldViolations"].as_array().into_iter().flatten())
        .any(|violation| violation["field"] == field)
}

fn joined(values: &[Value]) -> String {
    values
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

fn short(text: String) -> String {
    if text.len() <= SHOWN_LEN_MAX {
        return text;
    }
    let ends = text.char_indices().map(|(at, _)| at);
    let end = ends
        .take_while(|at| *at <= SHOWN_LEN_MAX)
        .last()
        .unwrap_or_default();
    format!("{}...", &text[..end])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_names_its_field() {
        let status = json!({"details": [
            {"@type": "x", "reason": "R"},
            {"@type": "y", "fieldViolations": [{"field": "b", "description": "must not be zero"}]},
        ]});
        assert!(names_field(&status, "b"));
        assert!(!names_field(&status, "a"));
        assert!(!names_field(&json!({"details": []}), "b"));
        assert!(!names_field(&json!({}), "b"));
    }

    #[test]
    fn long_text_is_cut_between_letters() {
        assert_eq!(short("a".repeat(72)), "a".repeat(72));
        let cut = short("ä".repeat(72));
        assert!(cut.ends_with("ä...") && cut.len() <= 75, "{cut}");
    }
}

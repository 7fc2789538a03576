//! How a failed call is told: the status, its message, and the details that servers attach.

mod details;

use nearcall::{Code, Status};
use prost_reflect::bytes::Bytes;
use prost_reflect::{DescriptorPool, DynamicMessage, Value as Field};
use serde_json::{Value, json};

use crate::schema::json::{Style, print};
use crate::schema::plain::plain;
use crate::schema::{Schema, unknown};

/// Limit: details of one status that are told.
const DETAILS_MAX: usize = 64;

/// A status with its details as JSON.
#[derive(Debug)]
pub(crate) struct Told {
    code: Code,
    message: String,
    details: Vec<Value>,
}

/// Reads a status, asking the server for the types of details that are not among the usual ones.
pub(crate) async fn read(schema: Option<&mut Schema>, status: &Status) -> Told {
    let mut known = Schema::of(usual_types());
    let mut schema = schema;
    let mut details = Vec::new();
    for any in attached(status.details()) {
        let name = any
            .get_field_by_name("type_url")
            .and_then(|url| {
                url.as_str()
                    .and_then(|url| url.rsplit('/').next())
                    .map(str::to_owned)
            })
            .unwrap_or_default();
        let asked = match &mut schema {
            Some(schema) if known.pool().get_message_by_name(&name).is_none() => &mut **schema,
            _ => &mut known,
        };
        let any = unknown::resolve(asked, any).await;
        // What has no JSON, such as bytes that are not what their type says, is told by the type alone.
        let detail = print(&any, Style::default())
            .ok()
            .and_then(|line| serde_json::from_str(&line).ok())
            .unwrap_or_else(|| json!({ "@type": name }));
        details.push(detail);
    }
    Told {
        code: status.code(),
        message: status.message().to_owned(),
        details,
    }
}

impl Told {
    /// `INVALID_ARGUMENT: b must not be zero`, then a line for each detail.
    pub(crate) fn lines(&self) -> Vec<String> {
        let name = code_name(self.code);
        let mut lines = vec![match self.message.as_str() {
            "" => name.to_owned(),
            message => format!("{name}: {message}"),
        }];
        lines.extend(self.details.iter().flat_map(details::lines));
        lines.iter().map(|line| plain(line).into_owned()).collect()
    }

    /// The status as JSON.
    pub(crate) fn json(&self) -> Value {
        json!({
            "code": i32::from(self.code),
            "status": code_name(self.code),
            "message": self.message,
            "details": self.details,
        })
    }
}

/// The name of a code, as the gRPC documentation spells it.
pub(crate) const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// The types that `google.rpc` has for details.
fn usual_types() -> DescriptorPool {
    let mut pool = DescriptorPool::global();
    // They are made into the program; were they wrong, details would be told as bytes.
    let _ = pool.decode_file_descriptor_set(nearcall::inspect::ERROR_DETAILS);
    pool
}

/// The `Any`s of an encoded `google.rpc.Status`.
fn attached(details: &[u8]) -> Vec<DynamicMessage> {
    let decode = || -> Option<Vec<DynamicMessage>> {
        let descriptor = usual_types().get_message_by_name("google.rpc.Status")?;
        let status = DynamicMessage::decode(descriptor, Bytes::copy_from_slice(details)).ok()?;
        let field = status.get_field_by_name("details")?.into_owned();
        let Field::List(all) = field else {
            return None;
        };
        let any = |value: Field| match value {
            Field::Message(message) => Some(message),
            _ => None,
        };
        Some(all.into_iter().filter_map(any).take(DETAILS_MAX).collect())
    };
    decode().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use prost_reflect::prost::Message as _;

    use super::*;
    use crate::schema::testing::kitchen;
    use nearcall::{ErrorDetails, StatusExt as _};
    use std::time::Duration;

    #[tokio::test]
    async fn tells_details_in_words_and_as_json() {
        let mut details = ErrorDetails::new();
        details
            .add_bad_request_violation("b", "must not be zero")
            .set_error_info("DIVISION_BY_ZERO", "arith", [])
            .set_retry_info(Some(Duration::from_millis(1500)));
        let status =
            Status::with_error_details(Code::InvalidArgument, "b must not be zero", details);
        let told = read(None, &status).await;
        let mut lines = told.lines();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                "INVALID_ARGUMENT: b must not be zero",
                "field b: must not be zero",
                "reason DIVISION_BY_ZERO of arith",
                "retry after 1.500s",
            ]
        );
        let json = told.json();
        assert_eq!(json["code"], 3);
        assert_eq!(json["status"], "INVALID_ARGUMENT");
        assert_eq!(json["details"].as_array().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn details_of_other_types_are_asked_for() {
        let check = async |schema: Option<&mut Schema>, type_name: &str, expected: &str| {
            let any = prost_reflect::prost_types::Any {
                type_url: format!("type.googleapis.com/{type_name}"),
                value: vec![8, 5],
            };
            // `details = 3` of google.rpc.Status.
            let mut bytes = vec![0x1a, any.encoded_len() as u8];
            bytes.extend(any.encode_to_vec());
            let status = Status::with_details(Code::Internal, "", bytes.into());
            assert_eq!(read(schema, &status).await.lines(), ["INTERNAL", expected]);
        };
        let mut schema = Schema::of(kitchen());
        check(Some(&mut schema), "t.Signed", r#"t.Signed {"n":5}"#).await;
        check(
            Some(&mut schema),
            "x.Unknown",
            r#"x.Unknown {"value":"CAU="}"#,
        )
        .await;
        check(None, "t.Signed", r#"t.Signed {"value":"CAU="}"#).await;
    }

    #[test]
    fn garbled_details_are_none() {
        assert!(attached(&[0xff, 0x01]).is_empty());
        assert!(attached(&[]).is_empty());
    }
}

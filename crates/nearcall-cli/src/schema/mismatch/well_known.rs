//! Types of protobuf that have a form of their own in JSON.

use prost_reflect::Kind;
use serde_json::Value;

use super::{Mismatch, single, wrong};
use crate::schema::print::scalar;

/// Types of protobuf whose JSON is not an object of their fields.
#[derive(Debug, Clone, Copy)]
pub(super) enum WellKnown {
    Anything,
    Any,
    Timestamp,
    Duration,
    FieldMask,
    Struct,
    List,
    /// A wrapped scalar, which may be left out.
    Wrapper(&'static Kind),
}

impl WellKnown {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name.strip_prefix("google.protobuf.")? {
            "Value" => Self::Anything,
            "Any" => Self::Any,
            "Timestamp" => Self::Timestamp,
            "Duration" => Self::Duration,
            "FieldMask" => Self::FieldMask,
            "Struct" => Self::Struct,
            "ListValue" => Self::List,
            "DoubleValue" => Self::Wrapper(&Kind::Double),
            "FloatValue" => Self::Wrapper(&Kind::Float),
            "Int64Value" => Self::Wrapper(&Kind::Int64),
            "UInt64Value" => Self::Wrapper(&Kind::Uint64),
            "Int32Value" => Self::Wrapper(&Kind::Int32),
            "UInt32Value" => Self::Wrapper(&Kind::Uint32),
            "BoolValue" => Self::Wrapper(&Kind::Bool),
            "StringValue" => Self::Wrapper(&Kind::String),
            "BytesValue" => Self::Wrapper(&Kind::Bytes),
            _ => return None,
        })
    }

    pub(super) const fn expected(self) -> &'static str {
        match self {
            Self::Anything => "any JSON",
            Self::Any => "google.protobuf.Any (an object whose \"@type\" names a message)",
            Self::Timestamp => {
                "google.protobuf.Timestamp (a string such as \"2026-01-31T12:00:00Z\")"
            }
            Self::Duration => "google.protobuf.Duration (a string such as \"1.5s\")",
            Self::FieldMask => "google.protobuf.FieldMask (a string such as \"name,owner.id\")",
            Self::Struct => "google.protobuf.Struct (an object)",
            Self::List => "google.protobuf.ListValue (a list)",
            Self::Wrapper(kind) => scalar(kind),
        }
    }

    pub(super) fn check(self, value: &Value, path: &str) -> Option<Mismatch> {
        let fits = match self {
            Self::Anything => true,
            Self::Any => value.get("@type").is_some_and(Value::is_string),
            // A string of the wrong form is only here because the reader refused something: it is looked at too.
            Self::Timestamp => value.as_str().is_some_and(|text| {
                text.parse::<prost_reflect::prost_types::Timestamp>()
                    .is_ok()
            }),
            Self::Duration => value
                .as_str()
                .is_some_and(|text| text.parse::<prost_reflect::prost_types::Duration>().is_ok()),
            Self::FieldMask => value.is_string(),
            Self::Struct => value.is_object(),
            Self::List => value.is_array(),
            Self::Wrapper(kind) => return single(kind, value, path),
        };
        if fits {
            None
        } else {
            wrong(path, self.expected(), value)
        }
    }
}

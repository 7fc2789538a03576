//! The usual details of a status, in words.
//!
//! Source: `google/rpc/error_details.proto`.

use serde_json::{Map, Value};

/// One detail as lines; a type that is not a usual one is its name and its JSON.
pub(super) fn lines(detail: &Value) -> Vec<String> {
    let type_url = text(detail, "@type");
    let name = type_url.rsplit('/').next().unwrap_or_default();
    let told = match name.strip_prefix("google.rpc.") {
        Some("BadRequest") => each(detail, "fieldViolations", |violation| {
            format!(
                "field {}: {}",
                text(violation, "field"),
                text(violation, "description")
            )
        }),
        Some("ErrorInfo") => vec![error_info(detail)],
        Some("RetryInfo") => vec![match text(detail, "retryDelay") {
            "" => "retry whenever you like".to_owned(),
            delay => format!("retry after {delay}"),
        }],
        Some("DebugInfo") => {
            let mut lines = vec![format!("debug: {}", text(detail, "detail"))];
            lines.extend(
                list(detail, "stackEntries")
                    .iter()
                    .filter_map(Value::as_str)
                    .map(|entry| format!("  at {entry}")),
            );
            lines
        }
        Some("QuotaFailure") => each(detail, "violations", |violation| {
            format!(
                "quota of {}: {}",
                text(violation, "subject"),
                text(violation, "description")
            )
        }),
        Some("PreconditionFailure") => each(detail, "violations", |violation| {
            format!(
                "precondition {} of {}: {}",
                text(violation, "type"),
                text(violation, "subject"),
                text(violation, "description")
            )
        }),
        Some("RequestInfo") => vec![format!("request id {}", text(detail, "requestId"))],
        Some("ResourceInfo") => vec![format!(
            "{} {}: {}",
            text(detail, "resourceType"),
            text(detail, "resourceName"),
            text(detail, "description")
        )],
        Some("Help") => each(detail, "links", |link| {
            format!("help: {} {}", text(link, "description"), text(link, "url"))
        }),
        Some("LocalizedMessage") => {
            vec![format!(
                "({}) {}",
                text(detail, "locale"),
                text(detail, "message")
            )]
        }
        _ => Vec::new(),
    };
    if told.is_empty() {
        vec![as_json(name, detail)]
    } else {
        told
    }
}

fn error_info(detail: &Value) -> String {
    let mut line = format!(
        "reason {} of {}",
        text(detail, "reason"),
        text(detail, "domain")
    );
    if let Some(Value::Object(metadata)) = detail.get("metadata") {
        for (key, value) in metadata {
            line.push_str(&format!(", {key}={}", value.as_str().unwrap_or_default()));
        }
    }
    line
}

/// Any detail: its type and what is in it.
fn as_json(name: &str, detail: &Value) -> String {
    let mut rest = match detail {
        Value::Object(fields) => fields.clone(),
        _ => Map::new(),
    };
    rest.remove("@type");
    format!("{name} {}", Value::Object(rest))
}

fn each(detail: &Value, field: &str, line: impl Fn(&Value) -> String) -> Vec<String> {
    list(detail, field).iter().map(line).collect()
}

fn list<'a>(detail: &'a Value, field: &str) -> &'a [Value] {
    detail
        .get(field)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tells_each_usual_type() {
        let check = |type_name: &str, mut fields: Value, expected: &[&str]| {
            fields["@type"] = format!("type.googleapis.com/{type_name}").into();
            assert_eq!(lines(&fields), expected, "{type_name}");
        };
        check(
            "google.rpc.BadRequest",
            json!({ "fieldViolations": [{ "field": "a", "description": "x" }, { "field": "b", "description": "y" }] }),
            &["field a: x", "field b: y"],
        );
        check(
            "google.rpc.ErrorInfo",
            json!({ "reason": "R", "domain": "d", "metadata": { "k": "v" } }),
            &["reason R of d, k=v"],
        );
        check(
            "google.rpc.RetryInfo",
            json!({ "retryDelay": "2s" }),
            &["retry after 2s"],
        );
        check(
            "google.rpc.DebugInfo",
            json!({ "detail": "d", "stackEntries": ["f", "g"] }),
            &["debug: d", "  at f", "  at g"],
        );
        check(
            "google.rpc.QuotaFailure",
            json!({ "violations": [{ "subject": "s", "description": "d" }] }),
            &["quota of s: d"],
        );
        check(
            "google.rpc.PreconditionFailure",
            json!({ "violations": [{ "type": "TOS", "subject": "s", "description": "d" }] }),
            &["precondition TOS of s: d"],
        );
        check(
            "google.rpc.RequestInfo",
            json!({ "requestId": "7" }),
            &["request id 7"],
        );
        check(
            "google.rpc.ResourceInfo",
            json!({ "resourceType": "world", "resourceName": "w", "description": "d" }),
            &["world w: d"],
        );
        check(
            "google.rpc.Help",
            json!({ "links": [{ "description": "see", "url": "https://x" }] }),
            &["help: see https://x"],
        );
        check(
            "google.rpc.LocalizedMessage",
            json!({ "locale": "de", "message": "nein" }),
            &["(de) nein"],
        );
        check(
            "google.rpc.BadRequest",
            json!({}),
            &["google.rpc.BadRequest {}"],
        );
        check("t.Own", json!({ "n": 1 }), &[r#"t.Own {"n":1}"#]);
    }
}

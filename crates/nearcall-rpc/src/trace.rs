//! Trace context: the `traceparent` and `tracestate` headers of a call, handed on to the calls made while serving it.
//!
//! Source: W3C Trace Context. nearcall records no spans of its own here, so the headers travel as they came; a service
//! that records spans puts its own in [`Context`](crate::Context).

use http::{HeaderMap, HeaderName, HeaderValue};

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Where a call stands in a distributed trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    parent: HeaderValue,
    state: Option<HeaderValue>,
}

impl TraceContext {
    /// From a `traceparent` value such as `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`; none if it is not
    /// one.
    #[must_use]
    pub fn parse(traceparent: &str) -> Option<Self> {
        let parent = HeaderValue::from_str(traceparent).ok()?;
        is_traceparent(parent.as_bytes()).then_some(Self {
            parent,
            state: None,
        })
    }

    /// The 32 hexadecimal digits that name the trace.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        self.parent
            .to_str()
            .ok()
            .and_then(|text| text.get(3..35))
            .unwrap_or_default()
    }

    /// Reads the headers of a call; malformed ones are left out, as the specification asks.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let parent = headers.get(&TRACEPARENT)?;
        is_traceparent(parent.as_bytes()).then(|| Self {
            parent: parent.clone(),
            state: headers.get(&TRACESTATE).cloned(),
        })
    }

    /// Writes the headers of a call, unless the caller set its own.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if headers.contains_key(&TRACEPARENT) {
            return;
        }
        headers.insert(TRACEPARENT.clone(), self.parent.clone());
        if let Some(state) = &self.state {
            headers.insert(TRACESTATE.clone(), state.clone());
        }
    }
}

/// Version, trace id, parent id and flags in lower-case hexadecimal; ids that are all zero are none (section 3.2.2).
fn is_traceparent(text: &[u8]) -> bool {
    let hex = |part: &[u8]| {
        part.iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let set = |part: &[u8]| part.iter().any(|byte| *byte != b'0');
    let mut parts = text.split(|byte| *byte == b'-');
    let (Some(version), Some(trace), Some(parent), Some(flags)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let lengths = (version.len(), trace.len(), parent.len(), flags.len()) == (2, 32, 16, 2);
    let last = parts.next().is_none() || version != b"00";
    lengths
        && last
        && version != b"ff"
        && [version, trace, parent, flags].into_iter().all(hex)
        && set(trace)
        && set(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_only_what_the_specification_calls_a_traceparent() {
        let check = |text: &str, expected: bool| {
            assert_eq!(is_traceparent(text.as_bytes()), expected, "{text:?}");
        };
        check(
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            true,
        );
        check(
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes-later",
            true,
        );
        check(
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            false,
        );
        check(
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            false,
        );
        check(
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            false,
        );
        check(
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            false,
        );
        check(
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            false,
        );
        check(
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            false,
        );
        check("", false);
    }

    #[test]
    fn travels_as_it_came_and_never_over_the_callers_own() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "traceparent",
            HeaderValue::from_static("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        );
        headers.insert("tracestate", HeaderValue::from_static("vendor=1"));
        let trace = TraceContext::read(&headers).unwrap();
        assert_eq!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        let mut onward = HeaderMap::new();
        trace.write(&mut onward);
        assert_eq!(onward, headers);
        let own =
            HeaderValue::from_static("00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-00");
        let mut headers = HeaderMap::from_iter([(TRACEPARENT.clone(), own.clone())]);
        trace.write(&mut headers);
        assert_eq!(headers["traceparent"], own);
        assert!(!headers.contains_key("tracestate"));
    }
}

//! The head of a call and the end of one, and what they are as HTTP has them.

use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, request};

use crate::limits::TEXT_BYTES_MAX;
use crate::metadata::{decode_binary, encode_binary};

static GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
static GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
static GRPC_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// The code that stands for a call that its caller gave up.
pub const CANCELLED: u16 = 1;

/// The code of an answer whose code could not be read.
const UNKNOWN: u16 = 2;

/// What a caller asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `/package.Service/Method`.
    pub path: PathAndQuery,
    /// How long the caller waits, from when it sent the call.
    pub timeout: Option<Duration>,
    /// Metadata; entries with a reserved name are not carried.
    pub metadata: HeaderMap,
}

impl Call {
    /// Without a deadline or metadata.
    #[must_use]
    pub fn new(path: PathAndQuery) -> Self {
        Self {
            path,
            timeout: None,
            metadata: HeaderMap::new(),
        }
    }

    /// From a request as generated code makes it: the path of its URI, `grpc-timeout`, and the other headers.
    #[must_use]
    pub fn from_request(parts: request::Parts) -> Self {
        let path = parts.uri.path_and_query().cloned();
        Self {
            path: path.unwrap_or_else(|| PathAndQuery::from_static("/")),
            timeout: parts.headers.get(&GRPC_TIMEOUT).and_then(read_timeout),
            metadata: parts.headers,
        }
    }

    /// A request as generated code takes it. The deadline stays a number: it is the second of the two.
    #[must_use]
    pub fn into_request(self) -> (Request<()>, Option<Duration>) {
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = Uri::from(self.path);
        *request.headers_mut() = self.metadata;
        (request, self.timeout)
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct End {
    /// A code of gRPC; zero is success.
    pub code: u16,
    /// For people.
    pub text: String,
    /// An encoded `google.rpc.Status`, or nothing.
    pub details: Bytes,
    /// Metadata after the last message; entries with a reserved name are not carried.
    pub trailers: HeaderMap,
}

impl End {
    /// Reads `grpc-status`, `grpc-message` and `grpc-status-details-bin` out of trailers; what is left is kept.
    ///
    /// A code that is missing or no number becomes UNKNOWN, as in gRPC.
    #[must_use]
    pub fn from_trailers(mut trailers: HeaderMap) -> Self {
        // What nearly every answer ends with.
        if trailers.len() == 1 && trailers.get(&GRPC_STATUS).is_some_and(|code| code == "0") {
            return Self::default();
        }
        let code = trailers.remove(&GRPC_STATUS);
        let code = code.and_then(|code| code.to_str().ok()?.parse().ok());
        let text = trailers.remove(&GRPC_MESSAGE);
        let details = trailers.remove(&GRPC_DETAILS);
        Self {
            code: code.unwrap_or(UNKNOWN),
            text: text.map_or_else(String::new, |text| unescaped(text.as_bytes())),
            details: details
                .and_then(|details| decode_binary(details.as_bytes()))
                .map_or_else(Bytes::new, Bytes::from),
            trailers,
        }
    }

    /// Trailers as gRPC over HTTP/2 has them.
    #[must_use]
    pub fn into_trailers(self) -> HeaderMap {
        let mut trailers = self.trailers;
        let code = match self.code {
            0 => HeaderValue::from_static("0"),
            code => HeaderValue::from(code),
        };
        trailers.insert(GRPC_STATUS.clone(), code);
        if !self.text.is_empty() {
            trailers.insert(GRPC_MESSAGE.clone(), escaped(&self.text));
        }
        if !self.details.is_empty() {
            trailers.insert(GRPC_DETAILS.clone(), encode_binary(&self.details));
        }
        trailers
    }
}

/// The text as far as it may be sent.
pub(crate) fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}

/// gRPC over HTTP/2, "Timeout": at most eight digits and a unit. What cannot be read is none.
fn read_timeout(value: &HeaderValue) -> Option<Duration> {
    let (unit, digits) = value.as_bytes().split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    match unit {
        b'H' => number.checked_mul(3_600).map(Duration::from_secs),
        b'M' => number.checked_mul(60).map(Duration::from_secs),
        b'S' => Some(Duration::from_secs(number)),
        b'm' => Some(Duration::from_millis(number)),
        b'u' => Some(Duration::from_micros(number)),
        b'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// gRPC over HTTP/2, "Status-Message": percent-encoded UTF-8, where only what is visible and no percent sign stands alone.
fn escaped(text: &str) -> HeaderValue {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            escaped.push(byte);
        } else {
            escaped.extend([b'%', digit(byte >> 4), digit(byte & 0xf)]);
        }
    }
    HeaderValue::try_from(escaped).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn unescaped(text: &[u8]) -> String {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let byte = match (first, after) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match byte {
            Some((high, low)) => {
                bytes.push((high << 4) | low);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_the_same_after_it_was_trailers() {
        let check = |end: End| assert_eq!(End::from_trailers(end.clone().into_trailers()), end);
        check(End::default());
        check(End {
            code: 5,
            text: "100 % of Ünicode\n".to_owned(),
            details: Bytes::from_static(&[0, 1, 255]),
            trailers: HeaderMap::from_iter([(
                HeaderName::from_static("a"),
                HeaderValue::from_static("b"),
            )]),
        });
    }

    #[test]
    fn trailers_without_a_code_are_unknown() {
        assert_eq!(End::from_trailers(HeaderMap::new()).code, UNKNOWN);
    }

    #[test]
    fn escapes_are_read_as_far_as_they_are_some() {
        let check = |text: &str, expected: &str| assert_eq!(unescaped(text.as_bytes()), expected);
        check("a%20b", "a b");
        check("100%", "100%");
        check("%zz%4", "%zz%4");
        check("%c3%BC", "ü");
    }

    #[test]
    fn a_request_keeps_path_and_deadline() {
        let request = Request::post("http://x/a.B/C")
            .header(&GRPC_TIMEOUT, "5m")
            .body(())
            .unwrap();
        let call = Call::from_request(request.into_parts().0);
        assert_eq!(call.path, "/a.B/C");
        let (request, timeout) = call.into_request();
        assert_eq!(timeout, Some(Duration::from_millis(5)));
        assert_eq!(request.uri().path(), "/a.B/C");
    }
}

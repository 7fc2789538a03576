//! Metadata from `-H 'name: value'`.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use nearcall::metadata::{
    AsciiMetadataKey, AsciiMetadataValue, BinaryMetadataKey, BinaryMetadataValue, KeyAndValueRef,
    MetadataMap,
};

/// base64 as gRPC libraries write it in headers: with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One `name: value`.
#[derive(Debug, Clone)]
pub(crate) enum Header {
    /// Text.
    Ascii(AsciiMetadataKey, AsciiMetadataValue),
    /// Bytes, under a name that ends in `-bin`.
    Binary(BinaryMetadataKey, BinaryMetadataValue),
}

/// Why a `-H` is not metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    /// There is no colon.
    #[error("expected 'name: value', found {0:?}")]
    NoColon(String),
    /// The name is not one that metadata can have.
    #[error("expected a name of lower-case letters, digits, '-', '_' and '.', found {0:?}")]
    Name(String),
    /// The name is gRPC's own.
    #[error("{0} is set by gRPC itself{hint}", hint = hint(.0))]
    Reserved(String),
    /// The value has bytes that a header cannot carry.
    #[error("the value of {0} is not printable ASCII; name it {0}-bin and give it as base64")]
    Value(String),
    /// The value of a `-bin` name is not base64.
    #[error("the value of {0} is not base64")]
    Base64(String),
}

fn hint(name: &str) -> &'static str {
    if name == "grpc-timeout" {
        "; use --deadline"
    } else {
        ""
    }
}

/// Reads one `-H`; for clap.
pub(crate) fn parse(given: &str) -> Result<Header, HeaderError> {
    let (name, value) = given
        .split_once(':')
        .ok_or_else(|| HeaderError::NoColon(given.to_owned()))?;
    let (name, value) = (name.trim().to_lowercase(), value.trim());
    let is_reserved = name.starts_with("grpc-")
        || matches!(name.as_str(), "content-type" | "te" | "host" | "connection");
    if is_reserved {
        return Err(HeaderError::Reserved(name));
    }
    if name.ends_with("-bin") {
        let key = name.parse().map_err(|_| HeaderError::Name(name.clone()))?;
        let bytes = BASE64
            .decode(value)
            .map_err(|_| HeaderError::Base64(name))?;
        return Ok(Header::Binary(key, BinaryMetadataValue::from_bytes(&bytes)));
    }
    let key = name.parse().map_err(|_| HeaderError::Name(name.clone()))?;
    // HTTP/2 would carry more than gRPC's ASCII-Value may have.
    let value = Some(value)
        .filter(|value| value.bytes().all(|byte| matches!(byte, b' '..=b'~')))
        .and_then(|value| value.parse().ok())
        .ok_or(HeaderError::Value(name))?;
    Ok(Header::Ascii(key, value))
}

/// Puts headers into a request's metadata, keeping several of one name.
pub(crate) fn add(headers: &[Header], metadata: &mut MetadataMap) {
    for header in headers.iter().cloned() {
        match header {
            Header::Ascii(key, value) => {
                metadata.append(key, value);
            }
            Header::Binary(key, value) => {
                metadata.append_bin(key, value);
            }
        }
    }
}

/// Metadata as `name: value` lines, sorted; bytes as base64.
pub(crate) fn lines(metadata: &MetadataMap) -> Vec<String> {
    let mut lines: Vec<_> = metadata
        .iter()
        .map(|pair| match pair {
            KeyAndValueRef::Ascii(key, value) => {
                format!(
                    "{key}: {}",
                    String::from_utf8_lossy(value.as_encoded_bytes())
                )
            }
            KeyAndValueRef::Binary(key, value) => {
                format!(
                    "{key}: {}",
                    String::from_utf8_lossy(value.as_encoded_bytes())
                )
            }
        })
        .collect();
    lines.sort_unstable();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_headers() {
        let check = |given: &str, expected: Result<&str, &str>| {
            let found = parse(given).map(|header| {
                let mut metadata = MetadataMap::new();
                add(&[header], &mut metadata);
                lines(&metadata).join("|")
            });
            let found = found.map_err(|error| error.to_string());
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(found, expected, "{given}");
        };
        check("user: ada", Ok("user: ada"));
        check("User:ada", Ok("user: ada"));
        check("when: 12:30", Ok("when: 12:30"));
        check("empty:", Ok("empty: "));
        check("token-bin: AP8=", Ok("token-bin: AP8"));
        check("token-bin: AP8", Ok("token-bin: AP8"));
        check("token-bin: ?", Err("the value of token-bin is not base64"));
        check("user", Err("expected 'name: value', found \"user\""));
        check(
            "a b: c",
            Err("expected a name of lower-case letters, digits, '-', '_' and '.', found \"a b\""),
        );
        check(
            "user: ä",
            Err("the value of user is not printable ASCII; name it user-bin and give it as base64"),
        );
        check(
            "grpc-timeout: 1S",
            Err("grpc-timeout is set by gRPC itself; use --deadline"),
        );
        check("te: trailers", Err("te is set by gRPC itself"));
    }
}

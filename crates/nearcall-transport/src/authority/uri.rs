//! What an authority may hold, and what is put in its place.

use std::borrow::Cow;

use http::uri::Authority;

/// Sent on in place of an empty authority; what clients send that dial a Unix socket well.
pub const PLACEHOLDER: &str = "localhost";

/// The authority that goes to the server: the same bytes when they are a URI authority, else as many bytes with `-` in
/// place of those that it may not have; [`PLACEHOLDER`] for an empty one.
///
/// ```
/// use nearcall_transport::authority::heal;
///
/// assert_eq!(*heal(b"localhost:80"), *b"localhost:80");
/// assert_eq!(*heal(b"run%2Farena.sock"), *b"run-2Farena.sock");
/// assert_eq!(*heal(br"\\.\pipe\arena"), *b"--.-pipe-arena");
/// ```
#[must_use]
pub fn heal(authority: &[u8]) -> Cow<'_, [u8]> {
    if is_authority(authority) {
        return Cow::Borrowed(authority);
    }
    if authority.is_empty() {
        return Cow::Borrowed(PLACEHOLDER.as_bytes());
    }
    let healed = replace(authority, |byte| is_plain(byte) || is_delimiter(byte));
    if is_authority(&healed) {
        return Cow::Owned(healed);
    }
    // Every byte may stand in an authority, but not where it stands: `a:b:c`, `a@`, `[a`.
    Cow::Owned(replace(&healed, is_plain))
}

/// Asks the very code by which the server decides.
fn is_authority(bytes: &[u8]) -> bool {
    Authority::try_from(bytes).is_ok()
}

/// Bytes that may stand anywhere in an authority: `unreserved` and `sub-delims` of RFC 3986 section 2.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

/// Bytes that part an authority into user, host and port (RFC 3986 section 3.2).
fn is_delimiter(byte: u8) -> bool {
    b":@[]".contains(&byte)
}

fn replace(bytes: &[u8], stays: impl Fn(u8) -> bool) -> Vec<u8> {
    bytes
        .iter()
        .map(|&byte| if stays(byte) { byte } else { b'-' })
        .collect()
}

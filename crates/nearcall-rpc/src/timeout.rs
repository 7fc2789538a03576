//! The `grpc-timeout` header: how long a caller will wait, relative to when it sent the call.
//!
//! Source: the gRPC over HTTP/2 protocol, "Timeout": at most eight digits and one of the units H, M, S, m, u, n.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};

/// The header's name.
pub(crate) const GRPC_TIMEOUT: &str = "grpc-timeout";

/// The most digits the header may have.
const DIGITS_MAX: usize = 8;

/// Reads the header. One that is absent or that cannot be read is none, as other gRPC servers have it.
#[must_use]
pub(crate) fn read(headers: &HeaderMap) -> Option<Duration> {
    parse(headers.get(GRPC_TIMEOUT)?.as_bytes())
}

/// Writes the header, rounding up to the next millisecond, and below a second to the finest unit in which it fits.
pub(crate) fn write(headers: &mut HeaderMap, timeout: Duration) {
    headers.insert(GRPC_TIMEOUT, format(timeout));
}

fn parse(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if digits.is_empty() || digits.len() > DIGITS_MAX || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    match unit {
        b'H' => Some(Duration::from_secs(number.checked_mul(3_600)?)),
        b'M' => Some(Duration::from_secs(number.checked_mul(60)?)),
        b'S' => Some(Duration::from_secs(number)),
        b'm' => Some(Duration::from_millis(number)),
        b'u' => Some(Duration::from_micros(number)),
        b'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

fn format(timeout: Duration) -> HeaderValue {
    const NUMBER_MAX: u128 = 99_999_999;
    const UNITS: [(u128, char); 4] = [
        (1, 'n'),
        (1_000, 'u'),
        (1_000_000, 'm'),
        (1_000_000_000, 'S'),
    ];
    // HPACK sends a value that it has seen as one byte, so a timeout of a second or more is told to the millisecond.
    let units = if timeout < Duration::from_secs(1) {
        &UNITS[..]
    } else {
        &UNITS[2..]
    };
    let nanos = timeout.as_nanos();
    let (number, unit) = units
        .iter()
        .map(|(size, unit)| (nanos.div_ceil(*size), *unit))
        .find(|(number, _)| *number <= NUMBER_MAX)
        .unwrap_or((NUMBER_MAX, 'S'));
    HeaderValue::try_from(format!("{number}{unit}"))
        .unwrap_or_else(|_| HeaderValue::from_static("99999999S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit_and_refuses_the_rest() {
        let check = |text: &str, expected: Option<Duration>| {
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        };
        check("1H", Some(Duration::from_secs(3_600)));
        check("2M", Some(Duration::from_secs(120)));
        check("3S", Some(Duration::from_secs(3)));
        check("4m", Some(Duration::from_millis(4)));
        check("5u", Some(Duration::from_micros(5)));
        check("6n", Some(Duration::from_nanos(6)));
        check("99999999H", Some(Duration::from_secs(99_999_999 * 3_600)));
        check("0n", Some(Duration::ZERO));
        check("", None);
        check("S", None);
        check("123456789S", None);
        check("1s", None);
        check("-1S", None);
        check("+1S", None);
        check("1.5S", None);
        check("1", None);
    }

    #[test]
    fn writes_the_finest_unit_that_fits_and_never_less_than_was_asked() {
        let check = |timeout: Duration, expected: &str| {
            let mut headers = HeaderMap::new();
            write(&mut headers, timeout);
            assert_eq!(headers[GRPC_TIMEOUT], expected);
            assert!(read(&headers).unwrap() >= timeout.min(Duration::from_secs(99_999_999)));
        };
        check(Duration::ZERO, "0n");
        check(Duration::from_nanos(99_999_999), "99999999n");
        check(Duration::from_nanos(100_000_001), "100001u");
        check(Duration::from_secs(10), "10000m");
        check(Duration::from_micros(1_000_001), "1001m");
        check(Duration::from_secs(100), "100000m");
        check(Duration::from_secs(3_600 * 24 * 30), "2592000S");
        check(Duration::MAX, "99999999S");
    }
}

//! Messages as JSON and back, in the mapping of protobuf.
//!
//! Source: <https://protobuf.dev/programming-guides/json/>. What is printed departs from it in two ways, both for people
//! who read it, and both undone by [`Style::strict`]: a 64-bit number is a number wherever every JSON reader holds it
//! exactly, and a field that has its default value is shown.

use std::io;

use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter};

use super::mismatch;

/// The largest whole number up to which JSON readers that hold numbers as doubles are exact: 2^53 - 1.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// How messages are printed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Style {
    /// Exactly the mapping of protobuf: every 64-bit number as a string, fields at their default left out.
    pub(crate) strict: bool,
}

/// A message as one line of JSON.
///
/// # Errors
///
/// The message holds what has no JSON, such as an `Any` of a type that is not known or a date past the year 9999.
pub(crate) fn print(message: &DynamicMessage, style: Style) -> Result<String, serde_json::Error> {
    let mut line = Vec::new();
    if style.strict {
        let mut serializer = serde_json::Serializer::new(&mut line);
        message.serialize_with_options(&mut serializer, &SerializeOptions::new())?;
    } else {
        let options = SerializeOptions::new()
            .stringify_64_bit_integers(false)
            .skip_default_fields(false);
        let mut serializer = serde_json::Serializer::with_formatter(&mut line, Readable);
        message.serialize_with_options(&mut serializer, &options)?;
    }
    // serde_json writes nothing but UTF-8.
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// Reads a message from JSON.
///
/// # Errors
///
/// What does not fit, by the path of the field, with what was expected and what was found.
pub(crate) fn read(
    descriptor: &MessageDescriptor,
    value: &Value,
) -> Result<DynamicMessage, String> {
    DynamicMessage::deserialize(descriptor.clone(), value).map_err(|error| {
        mismatch::find(descriptor, value)
            .map_or_else(|| error.to_string(), |mismatch| mismatch.to_string())
    })
}

/// Numbers as people and scripts expect them.
struct Readable;

impl Formatter for Readable {
    fn write_i64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        if value.unsigned_abs() <= SAFE_INTEGER_MAX {
            write!(writer, "{value}")
        } else {
            write!(writer, "\"{value}\"")
        }
    }

    fn write_u64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        if value <= SAFE_INTEGER_MAX {
            write!(writer, "{value}")
        } else {
            write!(writer, "\"{value}\"")
        }
    }

    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        // Through the shortest digits that mean this float: 0.1 stays 0.1.
        match whole(f64::from(value)) {
            Some(whole) => write!(writer, "{whole}"),
            None => CompactFormatter.write_f32(writer, value),
        }
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        match whole(value) {
            Some(whole) => write!(writer, "{whole}"),
            None => CompactFormatter.write_f64(writer, value),
        }
    }
}

/// A float without a fraction as other JSON writers print it, `1` and not `1.0`; minus zero keeps its sign as a float.
fn whole(value: f64) -> Option<i64> {
    // Both casts are exact up to the bound that is checked.
    let fits = value.fract() == 0.0
        && value.abs() <= SAFE_INTEGER_MAX as f64
        && !(value == 0.0 && value.is_sign_negative());
    fits.then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::super::testing::kitchen;
    use super::*;

    /// What is read from `given` prints as `readable` and as `strict`.
    fn check(message: &str, given: &str, readable: &str, strict: &str) {
        let descriptor = kitchen().get_message_by_name(message).unwrap();
        let read = read(&descriptor, &serde_json::from_str(given).unwrap()).unwrap();
        assert_eq!(
            print(&read, Style { strict: false }).unwrap(),
            readable,
            "{given}"
        );
        assert_eq!(
            print(&read, Style { strict: true }).unwrap(),
            strict,
            "{given}"
        );
    }

    #[test]
    fn whole_numbers_are_numbers_where_that_is_exact() {
        for (given, readable, strict) in [
            (r#"{"n":136}"#, r#"{"n":136}"#, r#"{"n":"136"}"#),
            (r#"{"n":"136"}"#, r#"{"n":136}"#, r#"{"n":"136"}"#),
            (r#"{"n":0}"#, r#"{"n":0}"#, "{}"),
            (
                r#"{"n":9007199254740991}"#,
                r#"{"n":9007199254740991}"#,
                r#"{"n":"9007199254740991"}"#,
            ),
            (
                r#"{"n":-9007199254740992}"#,
                r#"{"n":"-9007199254740992"}"#,
                r#"{"n":"-9007199254740992"}"#,
            ),
            (
                r#"{"n":-9223372036854775808}"#,
                r#"{"n":"-9223372036854775808"}"#,
                r#"{"n":"-9223372036854775808"}"#,
            ),
        ] {
            check("t.Signed", given, readable, strict);
        }
        check(
            "t.Unsigned",
            r#"{"n":18446744073709551615}"#,
            r#"{"n":"18446744073709551615"}"#,
            r#"{"n":"18446744073709551615"}"#,
        );
    }

    #[test]
    fn floats_are_short_and_exact() {
        for (given, readable) in [
            (r#"{"f":1}"#, r#"{"f":1,"d":0}"#),
            (r#"{"f":0.1,"d":0.1}"#, r#"{"f":0.1,"d":0.1}"#),
            (r#"{"d":1e300}"#, r#"{"f":0,"d":1e+300}"#),
            (r#"{"d":"NaN"}"#, r#"{"f":0,"d":"NaN"}"#),
            (r#"{"d":"-Infinity"}"#, r#"{"f":0,"d":"-Infinity"}"#),
            (r#"{"d":-0.0}"#, r#"{"f":0,"d":-0.0}"#),
        ] {
            let descriptor = kitchen().get_message_by_name("t.Floats").unwrap();
            let read = read(&descriptor, &serde_json::from_str(given).unwrap()).unwrap();
            assert_eq!(print(&read, Style::default()).unwrap(), readable, "{given}");
        }
    }

    #[test]
    fn fields_with_presence_show_only_when_set() {
        check(
            "t.Item",
            "{}",
            r#"{"name":"","color":"COLOR_UNSPECIFIED","tags":[],"counts":{}}"#,
            "{}",
        );
        check(
            "t.Item",
            r#"{"name":"ball","weight":0,"color":"RED","tags":["a"],"counts":{"x":1},"parent":{"name":"box"},"big":"5"}"#,
            concat!(
                r#"{"name":"ball","weight":0,"color":"RED","tags":["a"],"counts":{"x":1},"#,
                r#""parent":{"name":"box","color":"COLOR_UNSPECIFIED","tags":[],"counts":{}},"big":5}"#
            ),
            concat!(
                r#"{"name":"ball","weight":0,"color":"RED","tags":["a"],"counts":{"x":"1"},"#,
                r#""parent":{"name":"box"},"big":"5"}"#
            ),
        );
    }

    #[test]
    fn well_known_types_have_their_own_forms() {
        check(
            "t.Known",
            r#"{"at":"2026-01-31T12:00:00Z","took":"1.5s","maybe":"7","anything":{"a":[1,null,"x"]},"raw":"AP8="}"#,
            r#"{"at":"2026-01-31T12:00:00Z","took":"1.500s","maybe":7,"anything":{"a":[1,null,"x"]},"raw":"AP8="}"#,
            r#"{"at":"2026-01-31T12:00:00Z","took":"1.500s","maybe":"7","anything":{"a":[1.0,null,"x"]},"raw":"AP8="}"#,
        );
    }
}

//! Where JSON does not fit a message, told by the path of the field.
//!
//! Reading is done elsewhere; this looks again at what was refused, to say more than "invalid type" does. What it finds
//! nothing wrong with is told in the reader's own words.

mod well_known;

use std::fmt;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::Value;

use super::suggest::did_you_mean;
use well_known::WellKnown;

/// Limit: characters of the JSON found that a message shows.
const FOUND_CHARS_MAX: usize = 40;

/// Limit: names that a message lists.
const NAMES_MAX: usize = 20;

/// The first thing that does not fit.
#[derive(Debug)]
pub(crate) struct Mismatch {
    path: String,
    problem: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "field {}: {}", self.path, self.problem)
        }
    }
}

/// The first thing in `value` that is not a `descriptor`.
pub(crate) fn find(descriptor: &MessageDescriptor, value: &Value) -> Option<Mismatch> {
    message(descriptor, value, "")
}

fn message(descriptor: &MessageDescriptor, value: &Value, path: &str) -> Option<Mismatch> {
    if let Some(known) = WellKnown::of(descriptor.full_name()) {
        return known.check(value, path);
    }
    let Value::Object(object) = value else {
        return wrong(
            path,
            &format!("{} (an object)", descriptor.full_name()),
            value,
        );
    };
    let mut oneofs = Vec::new();
    for (name, value) in object {
        let Some(field) = descriptor
            .get_field_by_json_name(name)
            .or_else(|| descriptor.get_field_by_name(name))
        else {
            if descriptor.get_extension_by_json_name(name).is_some() {
                continue;
            }
            return Some(no_field(descriptor, name, path));
        };
        if value.is_null() {
            continue;
        }
        if let Some(oneof) = field.containing_oneof() {
            if let Some((_, other)) = oneofs.iter().find(|(known, _)| *known == oneof) {
                return Some(Mismatch {
                    path: path.to_owned(),
                    problem: format!(
                        "{other} and {name} exclude each other: both are in oneof {}; give one of them",
                        oneof.name()
                    ),
                });
            }
            oneofs.push((oneof, name));
        }
        let path = join(path, name);
        if let Some(mismatch) = field_value(&field, value, &path) {
            return Some(mismatch);
        }
    }
    None
}

fn field_value(field: &FieldDescriptor, value: &Value, path: &str) -> Option<Mismatch> {
    let kind = field.kind();
    if field.is_list() {
        let Value::Array(items) = value else {
            return wrong(path, &format!("a list of {}", kind_name(&kind)), value);
        };
        return items
            .iter()
            .enumerate()
            .find_map(|(index, item)| single(&kind, item, &format!("{path}[{index}]")));
    }
    if field.is_map() {
        let entry = kind.as_message()?;
        let (key, kind) = (
            entry.map_entry_key_field().kind(),
            entry.map_entry_value_field().kind(),
        );
        let Value::Object(entries) = value else {
            let expected = format!("a map from {} to {}", kind_name(&key), kind_name(&kind));
            return wrong(path, &expected, value);
        };
        return entries.iter().find_map(|(name, value)| {
            let path = format!("{path}[{name:?}]");
            let as_key = match key {
                // A key is always a string in JSON; what it spells must be a value of the key's type.
                Kind::String => return single(&kind, value, &path),
                Kind::Bool => matches!(name.as_str(), "true" | "false"),
                _ => fits_integer(&key, &Value::String(name.clone())).unwrap_or(true),
            };
            if as_key {
                single(&kind, value, &path)
            } else {
                wrong(
                    &path,
                    &format!("a key that is {}", kind_name(&key)),
                    &name.as_str().into(),
                )
            }
        });
    }
    single(&kind, value, path)
}

fn single(kind: &Kind, value: &Value, path: &str) -> Option<Mismatch> {
    let fits = match kind {
        Kind::Message(descriptor) => return message(descriptor, value, path),
        Kind::Enum(descriptor) => return enumeration(descriptor, value, path),
        Kind::Bool => value.is_boolean(),
        // Whether bytes are base64 is for the reader to say.
        Kind::String | Kind::Bytes => value.is_string(),
        Kind::Double | Kind::Float => match value {
            Value::Number(_) => true,
            Value::String(text) => text.parse::<f64>().is_ok(),
            _ => false,
        },
        _ => fits_integer(kind, value)?,
    };
    if fits {
        None
    } else {
        wrong(path, &kind_name(kind), value)
    }
}

/// Whether a value is a whole number that fits; `None` for kinds that are not whole numbers.
fn fits_integer(kind: &Kind, value: &Value) -> Option<bool> {
    let (least, most) = match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => (i32::MIN.into(), i32::MAX.into()),
        Kind::Uint32 | Kind::Fixed32 => (0, u32::MAX.into()),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => (i64::MIN.into(), i64::MAX.into()),
        Kind::Uint64 | Kind::Fixed64 => (0, u64::MAX.into()),
        _ => return None,
    };
    let number: Option<i128> = match value {
        Value::Number(number) => number
            .as_i64()
            .map(i128::from)
            .or_else(|| number.as_u64().map(i128::from))
            .or_else(|| {
                number
                    .as_f64()
                    .filter(|float| float.fract() == 0.0)
                    .map(exact)
            }),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    Some(number.is_some_and(|number| (least..=most).contains(&number)))
}

/// A float without a fraction as a whole number; the cast saturates, so what is past all ranges stays past them.
const fn exact(float: f64) -> i128 {
    float as i128
}

fn enumeration(descriptor: &EnumDescriptor, value: &Value, path: &str) -> Option<Mismatch> {
    if descriptor.full_name() == "google.protobuf.NullValue" {
        return None;
    }
    match value {
        Value::Number(number) if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) => None,
        Value::String(name) if descriptor.get_value_by_name(name).is_some() => None,
        Value::String(name) => {
            let values: Vec<_> = descriptor.values().collect();
            let names: Vec<_> = values
                .iter()
                .map(prost_reflect::EnumValueDescriptor::name)
                .collect();
            Some(Mismatch {
                path: path.to_owned(),
                problem: format!(
                    "no value {name:?} in {}{}; it has: {}",
                    descriptor.full_name(),
                    did_you_mean(name, names.iter().copied()),
                    listed(&names)
                ),
            })
        }
        _ => wrong(
            path,
            &format!("a name of {}", descriptor.full_name()),
            value,
        ),
    }
}

fn no_field(descriptor: &MessageDescriptor, name: &str, path: &str) -> Mismatch {
    let fields: Vec<_> = descriptor.fields().collect();
    let names: Vec<_> = fields.iter().map(FieldDescriptor::json_name).collect();
    let has = if names.is_empty() {
        "it has no fields".to_owned()
    } else {
        format!("it has: {}", listed(&names))
    };
    Mismatch {
        path: join(path, name),
        problem: format!(
            "no such field in {}{}; {has}",
            descriptor.full_name(),
            did_you_mean(name, names.iter().copied())
        ),
    }
}

fn wrong(path: &str, expected: &str, found: &Value) -> Option<Mismatch> {
    Some(Mismatch {
        path: path.to_owned(),
        problem: format!("expected {expected}, found {}", shown(found)),
    })
}

/// JSON as an error shows it: what it is, and the beginning of it.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    let kind = match value {
        Value::Null | Value::Bool(_) => "",
        Value::Number(_) => "the number ",
        Value::String(_) => "the string ",
        Value::Array(_) => "the list ",
        Value::Object(_) => "the object ",
    };
    match text.char_indices().nth(FOUND_CHARS_MAX) {
        None => format!("{kind}{text}"),
        Some((cut, _)) => format!("{kind}{}…", &text[..cut]),
    }
}

fn listed(names: &[&str]) -> String {
    if names.len() <= NAMES_MAX {
        return names.join(", ");
    }
    let (shown, hidden) = names.split_at(NAMES_MAX);
    format!("{} and {} more", shown.join(", "), hidden.len())
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// A type as the `.proto` spells it.
fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(descriptor) => match WellKnown::of(descriptor.full_name()) {
            Some(known) => known.expected().to_owned(),
            None => descriptor.full_name().to_owned(),
        },
        Kind::Enum(descriptor) => descriptor.full_name().to_owned(),
        Kind::Bool => "bool (true or false)".to_owned(),
        Kind::Bytes => "bytes (a base64 string)".to_owned(),
        other => super::print::scalar(other).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::read;
    use super::super::testing::kitchen;

    #[test]
    fn says_where_what_and_instead_of_what() {
        let check = |given: &str, expected: &str| {
            let descriptor = kitchen().get_message_by_name("t.Order").unwrap();
            let error = read(&descriptor, &serde_json::from_str(given).unwrap()).unwrap_err();
            assert_eq!(error, expected, "{given}");
        };
        check("[]", "expected t.Order (an object), found the list []");
        check(
            r#"{"item":{"nmae":"x"}}"#,
            "field item.nmae: no such field in t.Item; did you mean name?; \
             it has: name, weight, color, tags, counts, parent, big",
        );
        check(
            r#"{"count":"many"}"#,
            r#"field count: expected int32, found the string "many""#,
        );
        check(
            r#"{"count":3000000000}"#,
            "field count: expected int32, found the number 3000000000",
        );
        check(
            r#"{"count":1.5}"#,
            "field count: expected int32, found the number 1.5",
        );
        check(
            r#"{"items":[{},{"tags":[1]}]}"#,
            "field items[1].tags[0]: expected string, found the number 1",
        );
        check(
            r#"{"items":{}}"#,
            "field items: expected a list of t.Item, found the object {}",
        );
        check(
            r#"{"item":{"counts":{"x":"y"}}}"#,
            r#"field item.counts["x"]: expected int64, found the string "y""#,
        );
        check(
            r#"{"byId":{"one":true}}"#,
            r#"field byId["one"]: expected a key that is uint32, found the string "one""#,
        );
        check(
            r#"{"item":{"color":"RAD"}}"#,
            "field item.color: no value \"RAD\" in t.Color; did you mean RED?; \
             it has: COLOR_UNSPECIFIED, RED, GREEN",
        );
        check(
            r#"{"item":{"color":true}}"#,
            "field item.color: expected a name of t.Color, found true",
        );
        check(
            r#"{"due":"tomorrow"}"#,
            "field due: expected google.protobuf.Timestamp (a string such as \"2026-01-31T12:00:00Z\"), \
             found the string \"tomorrow\"",
        );
        check(
            r#"{"cash":1,"card":"x"}"#,
            "card and cash exclude each other: both are in oneof payment; give one of them",
        );
        check(
            &format!(r#"{{"count":"{}"}}"#, "x".repeat(100)),
            &format!(
                "field count: expected int32, found the string \"{}…",
                "x".repeat(39)
            ),
        );
    }

    #[test]
    fn null_is_left_out() {
        let descriptor = kitchen().get_message_by_name("t.Order").unwrap();
        let given = serde_json::json!({ "item": null, "count": null, "items": null });
        assert!(read(&descriptor, &given).is_ok());
    }
}

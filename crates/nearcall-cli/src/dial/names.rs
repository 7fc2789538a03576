//! What the generators of each language make of names in a `.proto`.

use prost_reflect::{EnumDescriptor, EnumValueDescriptor, FileDescriptor, MessageDescriptor};

/// `foo_bar` is `fooBar`; capitals stay (protobuf's JSON names).
pub(super) fn camel(name: &str) -> String {
    let mut made = String::new();
    let mut raise = false;
    for char in name.chars() {
        if char == '_' {
            raise = true;
        } else {
            made.push(if std::mem::take(&mut raise) {
                char.to_ascii_uppercase()
            } else {
                char
            });
        }
    }
    made
}

/// `foo_bar` is `FooBar`; capitals stay.
pub(super) fn pascal(name: &str) -> String {
    first(&camel(name), |char| char.to_ascii_uppercase())
}

/// With a small letter at its beginning.
pub(super) fn lower_first(name: &str) -> String {
    first(name, |char| char.to_ascii_lowercase())
}

fn first(name: &str, change: impl Fn(char) -> char) -> String {
    let mut chars = name.chars();
    chars.next().map(change).into_iter().chain(chars).collect()
}

/// The names of a type from the outermost message that holds it to itself.
pub(super) fn nested(full_name: &str, package: &str) -> Vec<String> {
    let own = full_name.strip_prefix(package).unwrap_or(full_name);
    own.trim_start_matches('.')
        .split('.')
        .map(str::to_owned)
        .collect()
}

/// As [`nested`], of a message.
pub(super) fn of_message(message: &MessageDescriptor) -> Vec<String> {
    nested(message.full_name(), message.package_name())
}

/// As [`nested`], of an enum.
pub(super) fn of_enum(known: &EnumDescriptor) -> Vec<String> {
    nested(known.full_name(), known.package_name())
}

/// A value's name in words of capitals, without the name of its enum before it, where another name is left: as Rust and
/// C# have it.
pub(super) fn variant(value: &EnumValueDescriptor) -> String {
    use heck::ToUpperCamelCase as _;
    let name = value.name().to_upper_camel_case();
    let prefix = value.parent_enum().name().to_upper_camel_case();
    match name.strip_prefix(&prefix) {
        Some(rest) if rest.starts_with(|char: char| char.is_ascii_uppercase()) => rest.to_owned(),
        _ => name,
    }
}

/// A text in double quotes, as all of these languages take it.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A word for a shell, in quotes where it needs them.
pub(super) fn shell(word: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./:=@,+".contains(char);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The name of a file without its ending.
pub(super) fn stem(file: &FileDescriptor) -> String {
    let name = file.name();
    name.strip_suffix(".proto").unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::testing::kitchen;

    #[test]
    fn names_change_as_generators_change_them() {
        let check = |name, camels, pascals| {
            assert_eq!(
                (camel(name).as_str(), pascal(name).as_str()),
                (camels, pascals)
            );
        };
        check("interval_ms", "intervalMs", "IntervalMs");
        check("a", "a", "A");
        check("fooBAR_x1", "fooBARX1", "FooBARX1");
        assert_eq!(lower_first("RunningTotal"), "runningTotal");
        assert_eq!(nested("t.Order.Line", "t"), ["Order", "Line"]);
        assert_eq!(nested("Order", ""), ["Order"]);
        assert_eq!(shell("unix:/a/b.sock"), "unix:/a/b.sock");
        assert_eq!(shell("it's"), r"'it'\''s'");
        let color = kitchen().get_enum_by_name("t.Color").unwrap();
        let names: Vec<_> = color.values().map(|value| variant(&value)).collect();
        assert_eq!(names, ["Unspecified", "Red", "Green"]);
    }
}

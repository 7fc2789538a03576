//! Rust, by the nearcall crate.

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use prost_reflect::{Kind, MessageDescriptor};

use super::names::{self, quoted};
use super::sample::{Field, One, Sample, Set};

/// The path of a message's type. A bare `google.protobuf` message is what prost makes of it.
pub(super) fn type_name(message: &MessageDescriptor) -> String {
    match message.full_name() {
        "google.protobuf.Empty" => "()".to_owned(),
        _ if message.package_name() == "google.protobuf" => {
            format!("nearcall::prost_types::{}", message.name())
        }
        _ => path(message.package_name(), &names::of_message(message)),
    }
}

/// The path of the module of a package.
pub(super) fn package(name: &str) -> String {
    let parts = name.split('.').filter(|part| !part.is_empty());
    let parts = parts.map(|part| format!("::{}", ident(&part.to_snake_case())));
    parts.fold("proto".to_owned(), |path, part| path + &part)
}

fn path(package_name: &str, names: &[String]) -> String {
    let (last, modules) = names
        .split_last()
        .map_or(("", names), |(last, modules)| (last.as_str(), modules));
    let mut path = package(package_name);
    for module in modules {
        path = format!("{path}::{}", ident(&module.to_snake_case()));
    }
    format!("{path}::{}", last.to_upper_camel_case())
}

/// A name that is a keyword is spelled raw.
pub(super) fn ident(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do",
        "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in",
        "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
        "return", "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe",
        "unsized", "use", "virtual", "where", "while", "yield",
    ];
    match name {
        "self" | "super" | "crate" | "extern" => format!("{name}_"),
        name if KEYWORDS.contains(&name) => format!("r#{name}"),
        name => name.to_owned(),
    }
}

/// A message with its fields.
pub(super) fn literal(sample: &Sample) -> String {
    let name = type_name(&sample.message);
    if name == "()" {
        return name;
    }
    if sample.fields.is_empty() {
        return format!("{name}::default()");
    }
    let mut fields: Vec<_> = sample
        .fields
        .iter()
        .map(|set| field(&sample.message, set))
        .collect();
    if !sample.whole {
        fields.push("..Default::default()".to_owned());
    }
    format!("{name} {{ {} }}", fields.join(", "))
}

fn field(message: &MessageDescriptor, set: &Field) -> String {
    let name = ident(&set.field.name().to_snake_case());
    let oneof = set
        .field
        .containing_oneof()
        .filter(|oneof| !oneof.is_synthetic());
    match (&set.value, oneof) {
        (Set::One(value), Some(oneof)) => {
            let mut names = names::of_message(message);
            names.push(oneof.name().to_owned());
            let kind = path(message.package_name(), &names);
            let variant = set.field.name().to_upper_camel_case();
            let name = ident(&oneof.name().to_snake_case());
            format!("{name}: Some({kind}::{variant}({}))", one(value, message))
        }
        (Set::One(value), None) => {
            let literal = one(value, message);
            if set.field.supports_presence() && !set.field.is_required() {
                format!("{name}: Some({literal})")
            } else {
                format!("{name}: {literal}")
            }
        }
        (Set::List(value), _) => format!("{name}: vec![{}]", one(value, message)),
        (Set::Map(key, value), _) => format!(
            "{name}: [({}, {})].into_iter().collect()",
            one(key, message),
            one(value, message)
        ),
    }
}

fn one(value: &One, within: &MessageDescriptor) -> String {
    match value {
        One::Number(number, _) => number.to_string(),
        One::Real(_) => "1.5".to_owned(),
        One::Bool => "true".to_owned(),
        One::Text(text) => format!("{}.into()", quoted(text)),
        One::Bytes(text) => format!("b{}.to_vec()", quoted(text)),
        One::Enum(value) => {
            let known = value.parent_enum();
            let kind = path(known.package_name(), &names::of_enum(known));
            format!("{kind}::{}.into()", names::variant(value))
        }
        One::Message(sample) => {
            let literal = literal(sample);
            // prost boxes a message that can hold the one that holds it.
            if leads_to(&sample.message, within, &mut Vec::new()) {
                format!("{literal}.into()")
            } else {
                literal
            }
        }
    }
}

fn leads_to(
    from: &MessageDescriptor,
    to: &MessageDescriptor,
    seen: &mut Vec<MessageDescriptor>,
) -> bool {
    if seen.contains(from) {
        return false;
    }
    seen.push(from.clone());
    from.fields().any(|field| match field.kind() {
        Kind::Message(next) if !field.is_list() && !field.is_map() => {
            next == *to || leads_to(&next, to, seen)
        }
        _ => false,
    })
}

//! Go, by grpc-go and protoc-gen-go.

use std::collections::BTreeSet;

use prost_reflect::{EnumDescriptor, FileDescriptor, MessageDescriptor};

use super::names::{self, quoted};
use super::sample::{Field, One, Sample, Set};

/// The packages that the code imports: path and name.
pub(super) type Imports = BTreeSet<(String, String)>;

/// The import path and the name of the Go package of a file, in the module `client`.
pub(super) fn package(file: &FileDescriptor) -> (String, String) {
    let options = file.file_descriptor_proto().options.as_ref();
    let named = options.and_then(|options| options.go_package.as_deref());
    // Protobuf's own packages are where they are.
    if let (true, Some(path)) = (file.name().starts_with("google/protobuf/"), named) {
        let path = path.split(';').next().unwrap_or(path);
        let name = path.rsplit('/').next().unwrap_or(path);
        return (path.to_owned(), name.to_owned());
    }
    let name: String = file
        .package_name()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let name = format!("{}pb", name.to_ascii_lowercase());
    (format!("client/{name}"), name)
}

/// As protoc-gen-go spells names: parts after `_` begin with a capital where they begin with a small letter.
pub(super) fn camel(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut made = String::new();
    let mut raise = true;
    for (at, &char) in chars.iter().enumerate() {
        let next_is_small = chars.get(at + 1).is_some_and(char::is_ascii_lowercase);
        if char == '_' && at == 0 {
            made.push('X');
            raise = true;
        } else if char == '_' && next_is_small {
            raise = true;
        } else if raise && char.is_ascii_lowercase() {
            made.push(char.to_ascii_uppercase());
            raise = false;
        } else {
            made.push(char);
            raise = char.is_ascii_digit();
        }
    }
    made
}

fn joined(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| camel(name)).collect();
    names.join("_")
}

/// The type of a message.
pub(super) fn type_name(message: &MessageDescriptor, imports: &mut Imports) -> String {
    let (path, name) = package(&message.parent_file());
    let made = format!("{name}.{}", joined(&names::of_message(message)));
    imports.insert((path, name));
    made
}

/// A message with its fields.
pub(super) fn literal(sample: &Sample, imports: &mut Imports) -> String {
    let name = type_name(&sample.message, imports);
    let fields: Vec<_> = sample
        .fields
        .iter()
        .map(|set| field(sample, set, imports))
        .collect();
    format!("&{name}{{{}}}", fields.join(", "))
}

fn field(sample: &Sample, set: &Field, imports: &mut Imports) -> String {
    let name = field_name(set.field.name());
    let oneof = set
        .field
        .containing_oneof()
        .filter(|oneof| !oneof.is_synthetic());
    match (&set.value, oneof) {
        (Set::One(value), Some(oneof)) => {
            let message = type_name(&sample.message, imports);
            let value = one(value, imports);
            format!(
                "{}: &{message}_{name}{{{name}: {value}}}",
                field_name(oneof.name())
            )
        }
        (Set::One(value), None) => {
            let pointed = set.field.supports_presence();
            format!(
                "{name}: {}",
                if pointed {
                    pointer(value, imports)
                } else {
                    one(value, imports)
                }
            )
        }
        (Set::List(value), _) => {
            format!(
                "{name}: []{}{{{}}}",
                kind(value, imports),
                one(value, imports)
            )
        }
        (Set::Map(key, value), _) => format!(
            "{name}: map[{}]{}{{{}: {}}}",
            kind(key, imports),
            kind(value, imports),
            one(key, imports),
            one(value, imports)
        ),
    }
}

/// Names that the generated types need for themselves get an underscore.
fn field_name(name: &str) -> String {
    let name = camel(name);
    let taken = [
        "Reset",
        "String",
        "ProtoMessage",
        "ProtoReflect",
        "Marshal",
        "Unmarshal",
        "Descriptor",
    ];
    if taken.contains(&name.as_str()) {
        name + "_"
    } else {
        name
    }
}

fn one(value: &One, imports: &mut Imports) -> String {
    match value {
        One::Number(number, _) => number.to_string(),
        One::Real(_) => "1.5".to_owned(),
        One::Bool => "true".to_owned(),
        One::Text(text) => quoted(text),
        One::Bytes(text) => format!("[]byte({})", quoted(text)),
        One::Enum(value) => {
            let known = value.parent_enum();
            let prefix = known.parent_message().map_or_else(
                || joined(&names::of_enum(known)),
                |message| joined(&names::of_message(&message)),
            );
            format!("{}.{prefix}_{}", enum_package(known, imports), value.name())
        }
        One::Message(sample) => literal(sample, imports),
    }
}

/// A value where the field is a pointer.
fn pointer(value: &One, imports: &mut Imports) -> String {
    let helper = match value {
        One::Message(_) | One::Bytes(_) => return one(value, imports),
        One::Enum(_) => return format!("{}.Enum()", one(value, imports)),
        other => names::pascal(&kind(other, imports)),
    };
    imports.insert((
        "google.golang.org/protobuf/proto".to_owned(),
        "proto".to_owned(),
    ));
    format!("proto.{helper}({})", one(value, imports))
}

fn kind(value: &One, imports: &mut Imports) -> String {
    use prost_reflect::Kind;
    match value {
        One::Number(_, Kind::Int64 | Kind::Sint64 | Kind::Sfixed64) => "int64".to_owned(),
        One::Number(_, Kind::Uint64 | Kind::Fixed64) => "uint64".to_owned(),
        One::Number(_, Kind::Uint32 | Kind::Fixed32) => "uint32".to_owned(),
        One::Number(..) => "int32".to_owned(),
        One::Real(Kind::Float) => "float32".to_owned(),
        One::Real(_) => "float64".to_owned(),
        One::Bool => "bool".to_owned(),
        One::Text(_) => "string".to_owned(),
        One::Bytes(_) => "[]byte".to_owned(),
        One::Enum(value) => {
            let known = value.parent_enum();
            format!(
                "{}.{}",
                enum_package(known, imports),
                joined(&names::of_enum(known))
            )
        }
        One::Message(sample) => format!("*{}", type_name(&sample.message, imports)),
    }
}

fn enum_package(known: &EnumDescriptor, imports: &mut Imports) -> String {
    let (path, name) = package(&known.parent_file());
    imports.insert((path, name.clone()));
    name
}

//! C#, by Grpc.Net.Client.

use prost_reflect::FileDescriptor;

use super::names::{self, pascal, quoted};
use super::sample::{One, Sample, Set};

/// The namespace of a file, from the root.
pub(super) fn namespace(file: &FileDescriptor) -> String {
    let options = file.file_descriptor_proto().options.as_ref();
    if let Some(name) = options.and_then(|options| options.csharp_namespace.as_deref()) {
        return format!("global::{name}.");
    }
    let parts = file
        .package_name()
        .split('.')
        .filter(|part| !part.is_empty());
    parts.fold("global::".to_owned(), |path, part| {
        path + &pascal(part) + "."
    })
}

/// The class of a type: nested ones are in a class `Types` of the one that holds them.
pub(super) fn type_name(file: &FileDescriptor, names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| pascal(name)).collect();
    format!("{}{}", namespace(file), names.join(".Types."))
}

/// A message with its fields.
pub(super) fn literal(sample: &Sample) -> String {
    let message = &sample.message;
    let name = type_name(&message.parent_file(), &names::of_message(message));
    if sample.fields.is_empty() {
        return format!("new {name}()");
    }
    let fields = sample.fields.iter().map(|set| {
        let value = match &set.value {
            Set::One(value) => one(value),
            Set::List(value) => format!("{{ {} }}", one(value)),
            Set::Map(key, value) => format!("{{ {{ {}, {} }} }}", one(key), one(value)),
        };
        format!("{} = {value}", pascal(set.field.name()))
    });
    let fields: Vec<_> = fields.collect();
    format!("new {name} {{ {} }}", fields.join(", "))
}

fn one(value: &One) -> String {
    match value {
        One::Number(number, _) => number.to_string(),
        One::Real(prost_reflect::Kind::Float) => "1.5f".to_owned(),
        One::Real(_) => "1.5".to_owned(),
        One::Bool => "true".to_owned(),
        One::Text(text) => quoted(text),
        One::Bytes(text) => format!("Google.Protobuf.ByteString.CopyFromUtf8({})", quoted(text)),
        One::Enum(value) => {
            let known = value.parent_enum();
            let kind = type_name(&known.parent_file(), &names::of_enum(known));
            format!("{kind}.{}", names::variant(value))
        }
        One::Message(sample) => literal(sample),
    }
}

//! TypeScript, by @grpc/grpc-js and ts-proto.

use std::collections::BTreeMap;

use prost_reflect::{FileDescriptor, MessageDescriptor};

use super::names::{self, quoted, stem};
use super::sample::{One, Sample, Set};

/// The names that the code imports, by module.
pub(super) type Imports = BTreeMap<String, Vec<String>>;

/// Imports a name from the code of a file.
pub(super) fn import(file: &FileDescriptor, name: String, imports: &mut Imports) -> String {
    let module = format!("./generated/{}.js", stem(file));
    let names = imports.entry(module).or_default();
    if !names.contains(&name) {
        names.push(name.clone());
    }
    name
}

/// The type of a message.
pub(super) fn type_name(message: &MessageDescriptor, imports: &mut Imports) -> String {
    let name = names::of_message(message).join("_");
    import(&message.parent_file(), name, imports)
}

/// A message with its fields.
pub(super) fn literal(sample: &Sample, imports: &mut Imports) -> String {
    let name = type_name(&sample.message, imports);
    format!("{name}.fromPartial({})", object(sample, imports))
}

fn object(sample: &Sample, imports: &mut Imports) -> String {
    if sample.fields.is_empty() {
        return "{}".to_owned();
    }
    let fields = sample.fields.iter().map(|set| {
        let value = match &set.value {
            Set::One(value) => one(value, imports),
            Set::List(value) => format!("[{}]", one(value, imports)),
            Set::Map(key, value) => format!("{{ {}: {} }}", one(key, imports), one(value, imports)),
        };
        format!("{}: {value}", names::camel(set.field.name()))
    });
    let fields: Vec<_> = fields.collect();
    format!("{{ {} }}", fields.join(", "))
}

fn one(value: &One, imports: &mut Imports) -> String {
    match value {
        One::Number(number, _) => number.to_string(),
        One::Real(_) => "1.5".to_owned(),
        One::Bool => "true".to_owned(),
        One::Text(text) => quoted(text),
        One::Bytes(text) => format!("Buffer.from({})", quoted(text)),
        One::Enum(value) => {
            let known = value.parent_enum();
            let name = names::of_enum(known).join("_");
            let name = import(&known.parent_file(), name, imports);
            format!("{name}.{}", value.name())
        }
        One::Message(sample) => object(sample, imports),
    }
}

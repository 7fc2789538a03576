//! Java, by grpc-java.

use prost_reflect::{FileDescriptor, Kind};

use super::names::{self, pascal, quoted, stem};
use super::sample::{One, Sample, Set};

/// The package of a file's classes with a dot behind it, or nothing.
pub(super) fn package(file: &FileDescriptor) -> String {
    let options = file.file_descriptor_proto().options.as_ref();
    let named = options.and_then(|options| options.java_package.as_deref());
    let package = named.unwrap_or_else(|| file.package_name());
    if package.is_empty() {
        String::new()
    } else {
        format!("{package}.")
    }
}

/// The class of a type in a file.
pub(super) fn type_name(file: &FileDescriptor, names: &[String]) -> String {
    let package = package(file);
    let names = names.join(".");
    let options = file.file_descriptor_proto().options.as_ref();
    if options.is_some_and(|options| options.java_multiple_files()) {
        return format!("{package}{names}");
    }
    format!("{package}{}.{names}", outer_class(file))
}

/// The class that holds the others: named after the file, and made another where a type of the file has that name.
fn outer_class(file: &FileDescriptor) -> String {
    let options = file.file_descriptor_proto().options.as_ref();
    if let Some(name) = options.and_then(|options| options.java_outer_classname.clone()) {
        return name;
    }
    let stem = stem(file);
    let base = stem
        .rsplit('/')
        .next()
        .unwrap_or(&stem)
        .replace(['-', '.'], "_");
    let name = pascal(&base);
    let is_taken = file.services().any(|service| service.name() == name)
        || file.messages().any(|message| has_name(&message, &name))
        || file.enums().any(|known| known.name() == name);
    if is_taken { name + "OuterClass" } else { name }
}

fn has_name(message: &prost_reflect::MessageDescriptor, name: &str) -> bool {
    message.name() == name
        || message.child_enums().any(|known| known.name() == name)
        || message.child_messages().any(|child| has_name(&child, name))
}

/// A message with its fields.
pub(super) fn literal(sample: &Sample) -> String {
    let message = &sample.message;
    let name = type_name(&message.parent_file(), &names::of_message(message));
    let fields = sample.fields.iter().map(|set| {
        let name = pascal(set.field.name());
        match &set.value {
            Set::One(value) => format!(".set{name}({})", one(value)),
            Set::List(value) => format!(".add{name}({})", one(value)),
            Set::Map(key, value) => format!(".put{name}({}, {})", one(key), one(value)),
        }
    });
    let fields: String = fields.collect();
    format!("{name}.newBuilder(){fields}.build()")
}

fn one(value: &One) -> String {
    match value {
        One::Number(
            number,
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64,
        ) => format!("{number}L"),
        One::Number(number, _) => number.to_string(),
        One::Real(Kind::Float) => "1.5f".to_owned(),
        One::Real(_) => "1.5".to_owned(),
        One::Bool => "true".to_owned(),
        One::Text(text) => quoted(text),
        One::Bytes(text) => format!(
            "com.google.protobuf.ByteString.copyFromUtf8({})",
            quoted(text)
        ),
        One::Enum(value) => {
            let known = value.parent_enum();
            let kind = type_name(&known.parent_file(), &names::of_enum(known));
            format!("{kind}.{}", value.name())
        }
        One::Message(sample) => literal(sample),
    }
}

//! Definitions as JSON, for programs.

use prost_reflect::{
    Cardinality, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
};
use serde_json::{Value, json};

use crate::schema::print::{Definition, comment, scalar};

/// `{"services": […], "messages": […], "enums": […]}`.
pub(super) fn json(definitions: &[Definition]) -> Value {
    let mut services: Vec<Value> = Vec::new();
    let mut messages = Vec::new();
    let mut enums = Vec::new();
    for definition in definitions {
        match definition {
            Definition::Service(service) => services.push(json!({
                "name": service.full_name(),
                "file": service.parent_file().name(),
                "comment": comment(definition),
                "methods": service.methods().map(|known| method(&known)).collect::<Vec<_>>(),
            })),
            Definition::Method(known) => {
                let service = known.parent_service();
                services.push(json!({
                    "name": service.full_name(),
                    "file": service.parent_file().name(),
                    "comment": comment(&Definition::Service(service.clone())),
                    "methods": [method(known)],
                }));
            }
            Definition::Message(known) => messages.push(message(known)),
            Definition::Enum(known) => enums.push(enumeration(known)),
        }
    }
    json!({ "services": services, "messages": messages, "enums": enums })
}

/// One method, as `list --json` shows it too.
pub(crate) fn method(method: &MethodDescriptor) -> Value {
    let options = method
        .method_descriptor_proto()
        .options
        .clone()
        .unwrap_or_default();
    json!({
        "name": method.name(),
        "path": format!("/{}/{}", method.parent_service().full_name(), method.name()),
        "comment": comment(&Definition::Method(method.clone())),
        "request": method.input().full_name(),
        "response": method.output().full_name(),
        "client_streaming": method.is_client_streaming(),
        "server_streaming": method.is_server_streaming(),
        "idempotency_level": options.idempotency_level().as_str_name(),
        "deprecated": options.deprecated(),
    })
}

fn message(known: &MessageDescriptor) -> Value {
    let nested = known.child_messages().filter(|child| !child.is_map_entry());
    json!({
        "name": known.full_name(),
        "file": known.parent_file().name(),
        "comment": comment(&Definition::Message(known.clone())),
        "fields": known.fields().map(|known| field(&known)).collect::<Vec<_>>(),
        "messages": nested.map(|child| message(&child)).collect::<Vec<_>>(),
        "enums": known.child_enums().map(|child| enumeration(&child)).collect::<Vec<_>>(),
    })
}

fn field(known: &FieldDescriptor) -> Value {
    let kind = match known.kind() {
        Kind::Message(entry) if known.is_map() => format!(
            "map<{}, {}>",
            type_name(&entry.map_entry_key_field().kind()),
            type_name(&entry.map_entry_value_field().kind())
        ),
        kind => type_name(&kind),
    };
    let oneof = known
        .containing_oneof()
        .filter(|oneof| !oneof.is_synthetic());
    json!({
        "name": known.name(),
        "json_name": known.json_name(),
        "number": known.number(),
        "type": kind,
        "repeated": known.cardinality() == Cardinality::Repeated && !known.is_map(),
        "presence": known.supports_presence(),
        "oneof": oneof.map(|oneof| oneof.name().to_owned()),
    })
}

fn enumeration(known: &EnumDescriptor) -> Value {
    let values: Vec<_> = known
        .values()
        .map(|value| json!({ "name": value.name(), "number": value.number() }))
        .collect();
    json!({
        "name": known.full_name(),
        "file": known.parent_file().name(),
        "comment": comment(&Definition::Enum(known.clone())),
        "values": values,
    })
}

fn type_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(definition) => definition.full_name().to_owned(),
        other => scalar(other).to_owned(),
    }
}

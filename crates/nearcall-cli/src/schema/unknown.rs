//! `google.protobuf.Any` of types that nobody described: printed as their bytes.
//!
//! JSON for an `Any` needs the type in it. The types are asked for first; one that stays unknown gets a stand-in with
//! one field, `bytes value`, which holds what the `Any` held, so that printing goes on: `{"@type":"…","value":"…"}`.

use std::collections::BTreeSet;

use prost_reflect::prost::{Message as _, encoding};
use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};
use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage as _, Value};

use super::Schema;

/// Limit: how deep one `Any` may sit in another and still be looked into.
const DEPTH_MAX: usize = 16;

const ANY: &str = "google.protobuf.Any";

/// Makes `message` printable: the types of all `Any`s in it are known afterwards, or stand-ins.
pub(crate) async fn resolve(schema: &mut Schema, message: DynamicMessage) -> DynamicMessage {
    let name = message.descriptor().full_name().to_owned();
    let mut message = message;
    let mut hopeless = BTreeSet::new();
    // Each round may bring types whose fields hold further ones.
    for _ in 0..DEPTH_MAX {
        let mut unknown = BTreeSet::new();
        visit(&mut message, DEPTH_MAX, &mut |type_name, _, pool| {
            if pool.get_message_by_name(type_name).is_none() {
                unknown.insert(type_name.to_owned());
            }
        });
        let mut learned = false;
        for type_name in unknown {
            if hopeless.contains(&type_name) {
                continue;
            }
            if schema.message(&type_name).await.is_some() {
                learned = true;
            } else {
                hopeless.insert(type_name);
            }
        }
        if !learned {
            break;
        }
        message = again(&message, &name, schema.pool());
    }
    if hopeless.is_empty() {
        return message;
    }
    visit(&mut message, DEPTH_MAX, &mut |type_name, value, _| {
        if hopeless.contains(type_name) {
            let mut stand_in = Vec::with_capacity(value.len() + 6);
            encoding::bytes::encode(1, value, &mut stand_in);
            *value = stand_in;
        }
    });
    let mut pool = schema.pool().clone();
    for type_name in &hopeless {
        // A name that cannot be one is left; printing the message then says so.
        let _ = pool.add_file_descriptor_proto(stand_in(type_name));
    }
    again(&message, &name, &pool)
}

/// The same bytes, read with another pool.
fn again(message: &DynamicMessage, name: &str, pool: &DescriptorPool) -> DynamicMessage {
    pool.get_message_by_name(name)
        .and_then(|descriptor| {
            DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).ok()
        })
        .unwrap_or_else(|| message.clone())
}

/// Shows each `Any` in a message: its type's name, its bytes, and the types known to the message.
fn visit(
    message: &mut DynamicMessage,
    depth: usize,
    see: &mut impl FnMut(&str, &mut Vec<u8>, &DescriptorPool),
) {
    if depth == 0 {
        return;
    }
    if message.descriptor().full_name() == ANY {
        visit_any(message, depth, see);
        return;
    }
    let values = message.fields_mut().map(|(_, value)| value);
    values.for_each(|value| visit_value(value, depth, see));
}

fn visit_value(
    value: &mut Value,
    depth: usize,
    see: &mut impl FnMut(&str, &mut Vec<u8>, &DescriptorPool),
) {
    match value {
        // The depth of plain messages is bounded where they are decoded.
        Value::Message(message) => visit(message, depth, see),
        Value::List(values) => values
            .iter_mut()
            .for_each(|value| visit_value(value, depth, see)),
        Value::Map(entries) => entries
            .values_mut()
            .for_each(|value| visit_value(value, depth, see)),
        _ => {}
    }
}

fn visit_any(
    any: &mut DynamicMessage,
    depth: usize,
    see: &mut impl FnMut(&str, &mut Vec<u8>, &DescriptorPool),
) {
    let text = |name: &str| {
        any.get_field_by_name(name)
            .and_then(|value| value.as_str().map(str::to_owned))
    };
    let Some(type_url) = text("type_url") else {
        return;
    };
    let Some(type_name) = type_url.rsplit_once('/').map(|(_, name)| name.to_owned()) else {
        return;
    };
    let pool = any.descriptor().parent_pool().clone();
    let held = any.get_field_by_name("value");
    let mut bytes = held
        .as_deref()
        .and_then(Value::as_bytes)
        .map(|bytes| bytes.to_vec())
        .unwrap_or_default();
    let before = bytes.clone();
    if let Some(descriptor) = pool.get_message_by_name(&type_name)
        && let Ok(mut inner) = DynamicMessage::decode(descriptor, bytes.as_slice())
    {
        let untouched = inner.encode_to_vec();
        visit(&mut inner, depth - 1, see);
        let touched = inner.encode_to_vec();
        if touched != untouched {
            bytes = touched;
        }
    }
    see(&type_name, &mut bytes, &pool);
    if bytes != before {
        any.set_field_by_name("value", Value::Bytes(bytes.into()));
    }
}

/// A file that defines the stand-in under the unknown type's name.
fn stand_in(type_name: &str) -> FileDescriptorProto {
    let (package, name) = type_name.rsplit_once('.').unwrap_or(("", type_name));
    FileDescriptorProto {
        name: Some(format!("nearcall/unknown/{type_name}.proto")),
        package: (!package.is_empty()).then(|| package.to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: vec![DescriptorProto {
            name: Some(name.to_owned()),
            field: vec![FieldDescriptorProto {
                name: Some("value".to_owned()),
                number: Some(1),
                label: Some(Label::Optional.into()),
                r#type: Some(Type::Bytes.into()),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::{Style, print};
    use super::super::testing::kitchen;
    use super::*;
    use prost_reflect::prost_types::Any;

    #[tokio::test]
    async fn unknown_types_are_shown_as_bytes() {
        let check = async |any: Any, expected: &str| {
            let mut schema = Schema::of(kitchen());
            let descriptor = schema.pool().get_message_by_name(ANY).unwrap();
            let message =
                DynamicMessage::decode(descriptor, any.encode_to_vec().as_slice()).unwrap();
            let message = resolve(&mut schema, message).await;
            assert_eq!(print(&message, Style { strict: true }).unwrap(), expected);
        };
        let unknown = Any {
            type_url: "type.googleapis.com/x.y.Secret".to_owned(),
            value: vec![0, 255],
        };
        let in_known = Any {
            type_url: "type.googleapis.com/t.Order".to_owned(),
            // `extra = 9` of t.Order holds the unknown one.
            value: [
                vec![0x4a, unknown.encoded_len() as u8],
                unknown.encode_to_vec(),
            ]
            .concat(),
        };
        let known = Any {
            type_url: "type.googleapis.com/t.Signed".to_owned(),
            value: vec![8, 5],
        };
        check(known, r#"{"@type":"type.googleapis.com/t.Signed","n":"5"}"#).await;
        check(
            unknown,
            r#"{"@type":"type.googleapis.com/x.y.Secret","value":"AP8="}"#,
        )
        .await;
        check(
            in_known,
            r#"{"@type":"type.googleapis.com/t.Order","extra":{"@type":"type.googleapis.com/x.y.Secret","value":"AP8="}}"#,
        )
        .await;
    }
}

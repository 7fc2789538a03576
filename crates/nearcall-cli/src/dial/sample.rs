//! A message with something in it: numbers count up from 1, texts are the field's name, lists have one item.

use prost_reflect::{
    DynamicMessage, EnumValueDescriptor, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value,
};

/// Limit: how deep messages in a sample sit in each other.
const DEPTH_MAX: usize = 3;

/// A message and the fields that are set.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) message: MessageDescriptor,
    pub(super) fields: Vec<Field>,
    /// Whether every field is set.
    pub(super) whole: bool,
}

/// A field that is set.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) field: FieldDescriptor,
    pub(super) value: Set,
}

/// What a field is set to.
#[derive(Debug, Clone)]
pub(super) enum Set {
    One(One),
    List(One),
    Map(One, One),
}

/// One value.
#[derive(Debug, Clone)]
pub(super) enum One {
    /// Of the kind that the field has, signed or not.
    Number(u8, Kind),
    /// A `float` or a `double`.
    Real(Kind),
    Bool,
    Text(String),
    Bytes(String),
    Enum(EnumValueDescriptor),
    Message(Sample),
}

impl Sample {
    /// A sample of a message.
    pub(super) fn of(message: &MessageDescriptor) -> Self {
        Self::within(message, &mut Vec::new())
    }

    fn within(message: &MessageDescriptor, above: &mut Vec<MessageDescriptor>) -> Self {
        above.push(message.clone());
        let mut fields: Vec<Field> = Vec::new();
        let mut all: Vec<_> = message.fields().collect();
        // In the order of the file.
        all.sort_by_key(|field| field.path().last().copied());
        let mut whole = true;
        for field in all {
            let oneof = field
                .containing_oneof()
                .filter(|oneof| !oneof.is_synthetic());
            let taken = oneof.is_some_and(|oneof| {
                fields
                    .iter()
                    .any(|set| set.field.containing_oneof().as_ref() == Some(&oneof))
            });
            if taken {
                continue;
            }
            let deprecated = field
                .field_descriptor_proto()
                .options
                .as_ref()
                .is_some_and(prost_reflect::prost_types::FieldOptions::deprecated);
            let place = u8::try_from(fields.len() + 1).unwrap_or(u8::MAX);
            match (!deprecated).then(|| set(&field, place, above)).flatten() {
                Some(value) => fields.push(Field { field, value }),
                None => whole = false,
            }
        }
        above.pop();
        Self {
            message: message.clone(),
            fields,
            whole,
        }
    }

    /// The sample as a message that can be encoded.
    pub(super) fn to_dynamic(&self) -> DynamicMessage {
        let mut message = DynamicMessage::new(self.message.clone());
        for Field { field, value } in &self.fields {
            let value = match value {
                Set::One(one) => one.to_dynamic(),
                Set::List(one) => Value::List(vec![one.to_dynamic()]),
                Set::Map(key, one) => {
                    let key = match key.to_dynamic() {
                        Value::I32(key) => MapKey::I32(key),
                        Value::I64(key) => MapKey::I64(key),
                        Value::U32(key) => MapKey::U32(key),
                        Value::U64(key) => MapKey::U64(key),
                        Value::Bool(key) => MapKey::Bool(key),
                        Value::String(key) => MapKey::String(key),
                        _ => continue,
                    };
                    Value::Map([(key, one.to_dynamic())].into())
                }
            };
            message.set_field(field, value);
        }
        message
    }
}

impl One {
    fn to_dynamic(&self) -> Value {
        match self {
            Self::Number(number, kind) => match kind {
                Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64((*number).into()),
                Kind::Uint64 | Kind::Fixed64 => Value::U64((*number).into()),
                Kind::Uint32 | Kind::Fixed32 => Value::U32((*number).into()),
                _ => Value::I32((*number).into()),
            },
            Self::Real(Kind::Float) => Value::F32(1.5),
            Self::Real(_) => Value::F64(1.5),
            Self::Bool => Value::Bool(true),
            Self::Text(text) => Value::String(text.clone()),
            Self::Bytes(text) => Value::Bytes(text.clone().into_bytes().into()),
            Self::Enum(value) => Value::EnumNumber(value.number()),
            Self::Message(sample) => Value::Message(sample.to_dynamic()),
        }
    }
}

/// What a field is set to; none where a sample would not end, or protobuf's own types have each language's own form.
fn set(field: &FieldDescriptor, place: u8, above: &mut Vec<MessageDescriptor>) -> Option<Set> {
    if field.is_group() {
        return None;
    }
    if field.is_map() {
        let Kind::Message(entry) = field.kind() else {
            return None;
        };
        let key = one(&entry.map_entry_key_field(), "key", place, above)?;
        let value = one(&entry.map_entry_value_field(), field.name(), place, above)?;
        return Some(Set::Map(key, value));
    }
    let one = one(field, field.name(), place, above)?;
    Some(if field.is_list() {
        Set::List(one)
    } else {
        Set::One(one)
    })
}

fn one(
    field: &FieldDescriptor,
    text: &str,
    place: u8,
    above: &mut Vec<MessageDescriptor>,
) -> Option<One> {
    Some(match field.kind() {
        kind @ (Kind::Double | Kind::Float) => One::Real(kind),
        Kind::Bool => One::Bool,
        Kind::String => One::Text(text.to_owned()),
        Kind::Bytes => One::Bytes(text.to_owned()),
        Kind::Enum(known) => {
            if known.package_name() == "google.protobuf" {
                return None;
            }
            let mut values = known.values();
            let named = values.find(|value| value.number() > 0);
            One::Enum(named.unwrap_or_else(|| known.default_value()))
        }
        Kind::Message(message) => {
            let endless = above.contains(&message) || above.len() > DEPTH_MAX;
            if endless || message.package_name() == "google.protobuf" {
                return None;
            }
            One::Message(Sample::within(&message, above))
        }
        kind => One::Number(place, kind),
    })
}

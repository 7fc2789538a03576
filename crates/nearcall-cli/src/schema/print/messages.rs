//! Messages and enums as text.

use prost_reflect::{
    Cardinality, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor, Syntax,
};

use super::{Page, scalar};

/// The largest number that a field may have: an end of a reserved range that is written as `max`.
const FIELD_NUMBER_MAX: u32 = (1 << 29) - 1;

impl Page {
    pub(super) fn message(&mut self, message: &MessageDescriptor, depth: usize) {
        self.comment_before(message.path(), depth);
        let open = format!("message {} {{", message.name());
        let inner = depth + 1;
        let start = self.text.len();
        self.line(depth, &open);
        let opened = self.text.len();
        if deprecated_message(message) {
            self.line(inner, "option deprecated = true;");
        }
        self.reserved(message, inner);
        for nested in message
            .child_messages()
            .filter(|nested| !nested.is_map_entry())
        {
            self.message(&nested, inner);
        }
        for nested in message.child_enums() {
            self.enumeration(&nested, inner);
        }
        // In the order of the file, a oneof where its first field is.
        let mut shown: Vec<OneofDescriptor> = Vec::new();
        let mut fields: Vec<_> = message.fields().collect();
        fields.sort_by_key(|field| field.path().last().copied());
        for field in fields {
            match field
                .containing_oneof()
                .filter(|oneof| !oneof.is_synthetic())
            {
                None => self.field(&field, inner),
                Some(oneof) if shown.contains(&oneof) => {}
                Some(oneof) => {
                    self.oneof(&oneof, inner);
                    shown.push(oneof);
                }
            }
        }
        if self.text.len() == opened {
            // Nothing in it: on one line.
            self.text.truncate(start);
            self.line(depth, &format!("{open}}}"));
        } else {
            self.line(depth, "}");
        }
    }

    pub(super) fn enumeration(&mut self, definition: &EnumDescriptor, depth: usize) {
        self.comment_before(definition.path(), depth);
        self.line(depth, &format!("enum {} {{", definition.name()));
        if let Some(options) = &definition.enum_descriptor_proto().options {
            if options.allow_alias() {
                self.line(depth + 1, "option allow_alias = true;");
            }
            if options.deprecated() {
                self.line(depth + 1, "option deprecated = true;");
            }
        }
        let ranges: Vec<_> = definition
            .reserved_ranges()
            .map(|range| (i64::from(*range.start()), i64::from(*range.end())))
            .collect();
        self.reserved_ranges(&ranges, i64::from(i32::MAX), depth + 1);
        self.reserved_names(definition.reserved_names(), depth + 1);
        for value in definition.values() {
            self.comment_before(value.path(), depth + 1);
            let deprecated = value
                .enum_value_descriptor_proto()
                .options
                .as_ref()
                .is_some_and(prost_reflect::prost_types::EnumValueOptions::deprecated);
            let options = if deprecated {
                " [deprecated = true]"
            } else {
                ""
            };
            let after = self.comment_after(value.path());
            self.line(
                depth + 1,
                &format!("{} = {}{options};{after}", value.name(), value.number()),
            );
        }
        self.line(depth, "}");
    }

    fn oneof(&mut self, oneof: &OneofDescriptor, depth: usize) {
        self.comment_before(oneof.path(), depth);
        self.line(depth, &format!("oneof {} {{", oneof.name()));
        for field in oneof.fields() {
            self.field(&field, depth + 1);
        }
        self.line(depth, "}");
    }

    fn field(&mut self, field: &FieldDescriptor, depth: usize) {
        self.comment_before(field.path(), depth);
        let line = format!(
            "{}{} {} = {}{};{}",
            label(field),
            self.type_name(field),
            field.name(),
            field.number(),
            options(field),
            self.comment_after(field.path())
        );
        self.line(depth, &line);
    }

    fn type_name(&self, field: &FieldDescriptor) -> String {
        let name = |kind: &Kind| match kind {
            Kind::Message(message) => self.relative(message.full_name()),
            Kind::Enum(definition) => self.relative(definition.full_name()),
            other => scalar(other).to_owned(),
        };
        match field.kind() {
            Kind::Message(entry) if field.is_map() => format!(
                "map<{}, {}>",
                name(&entry.map_entry_key_field().kind()),
                name(&entry.map_entry_value_field().kind())
            ),
            kind => name(&kind),
        }
    }

    fn reserved(&mut self, message: &MessageDescriptor, depth: usize) {
        let ranges: Vec<_> = message
            .reserved_ranges()
            .map(|range| (i64::from(range.start), i64::from(range.end) - 1))
            .collect();
        self.reserved_ranges(&ranges, i64::from(FIELD_NUMBER_MAX), depth);
        self.reserved_names(message.reserved_names(), depth);
    }

    fn reserved_ranges(&mut self, ranges: &[(i64, i64)], max: i64, depth: usize) {
        if ranges.is_empty() {
            return;
        }
        let ranges: Vec<_> = ranges
            .iter()
            .map(|&(first, last)| match last {
                last if last == first => first.to_string(),
                last if last >= max => format!("{first} to max"),
                last => format!("{first} to {last}"),
            })
            .collect();
        self.line(depth, &format!("reserved {};", ranges.join(", ")));
    }

    fn reserved_names<'a>(&mut self, names: impl Iterator<Item = &'a str>, depth: usize) {
        let names: Vec<_> = names.map(|name| format!("{name:?}")).collect();
        if !names.is_empty() {
            self.line(depth, &format!("reserved {};", names.join(", ")));
        }
    }
}

fn deprecated_message(message: &MessageDescriptor) -> bool {
    message
        .descriptor_proto()
        .options
        .as_ref()
        .is_some_and(prost_reflect::prost_types::MessageOptions::deprecated)
}

/// `repeated`, `optional` or `required`, where the file says so.
fn label(field: &FieldDescriptor) -> &'static str {
    if field.is_map() {
        return "";
    }
    let real_oneof = field
        .containing_oneof()
        .is_some_and(|oneof| !oneof.is_synthetic());
    match field.cardinality() {
        Cardinality::Repeated => "repeated ",
        Cardinality::Required => "required ",
        Cardinality::Optional if real_oneof => "",
        Cardinality::Optional if field.field_descriptor_proto().proto3_optional() => "optional ",
        Cardinality::Optional if field.parent_file().syntax() == Syntax::Proto2 => "optional ",
        Cardinality::Optional => "",
    }
}

/// What is in brackets after a field.
fn options(field: &FieldDescriptor) -> String {
    let proto = field.field_descriptor_proto();
    let mut options = Vec::new();
    if let Some(default) = &proto.default_value {
        options.push(match field.kind() {
            Kind::String | Kind::Bytes => format!("default = {default:?}"),
            _ => format!("default = {default}"),
        });
    }
    // The name in JSON is in every descriptor; it is worth a word where it is not the usual one.
    if field.json_name() != camel_case(field.name()) {
        options.push(format!("json_name = {:?}", field.json_name()));
    }
    if let Some(set) = &proto.options {
        if let Some(packed) = set.packed {
            options.push(format!("packed = {packed}"));
        }
        if set.deprecated() {
            options.push("deprecated = true".to_owned());
        }
    }
    if options.is_empty() {
        String::new()
    } else {
        format!(" [{}]", options.join(", "))
    }
}

/// The name in JSON that a field has when nothing else is said: `interval_ms` is `intervalMs`.
fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        if letter == '_' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            camel.push(letter.to_ascii_uppercase());
        } else {
            camel.push(letter);
        }
    }
    camel
}

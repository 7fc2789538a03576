//! What must be shown beside a definition for it to be understood: the messages and enums that it leads to.

use prost_reflect::{EnumDescriptor, Kind, MessageDescriptor};

use crate::schema::print::Definition;

/// Limit: definitions that are shown at once.
const DEFINITIONS_MAX: usize = 1_000;

/// The definitions and every message and enum they lead to, each once, in the order in which a reader meets them.
/// Protobuf's own types are left out: everyone knows them.
pub(super) fn with_messages(start: Vec<Definition>) -> Vec<Definition> {
    let asked = start.len();
    let mut all = start;
    let mut next = 0;
    while next < all.len() && all.len() < DEFINITIONS_MAX {
        let found = leads_to(&all[next]);
        for definition in found {
            let definition = outermost(definition);
            let own = definition.file().package_name() == "google.protobuf";
            if !own && !all.contains(&definition) {
                all.push(definition);
            }
        }
        next += 1;
    }
    // A nested type that was asked for is not shown again inside the message that holds it.
    let (asked, found) = all.split_at(asked);
    let found = found
        .iter()
        .filter(|definition| !asked.contains(definition));
    asked.iter().chain(found).cloned().collect()
}

fn leads_to(definition: &Definition) -> Vec<Definition> {
    match definition {
        Definition::Service(service) => service
            .methods()
            .flat_map(|method| [method.input(), method.output()])
            .map(Definition::Message)
            .collect(),
        Definition::Method(method) => {
            vec![
                Definition::Message(method.input()),
                Definition::Message(method.output()),
            ]
        }
        Definition::Message(message) => in_message(message),
        Definition::Enum(_) => Vec::new(),
    }
}

fn in_message(message: &MessageDescriptor) -> Vec<Definition> {
    let mut found = Vec::new();
    for field in message.fields() {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                found.extend(of_kind(entry.map_entry_value_field().kind()));
            }
            kind => found.extend(of_kind(kind)),
        }
    }
    found.extend(
        message
            .child_messages()
            .filter(|child| !child.is_map_entry())
            .flat_map(|child| in_message(&child)),
    );
    // What is defined inside the message is shown with it.
    let inside = format!("{}.", message.full_name());
    found.retain(|definition| match definition {
        Definition::Message(other) => !other.full_name().starts_with(&inside) && other != message,
        Definition::Enum(other) => !other.full_name().starts_with(&inside),
        Definition::Service(_) | Definition::Method(_) => true,
    });
    found
}

fn of_kind(kind: Kind) -> Option<Definition> {
    match kind {
        Kind::Message(message) => Some(Definition::Message(message)),
        Kind::Enum(definition) => Some(Definition::Enum(definition)),
        _ => None,
    }
}

/// The message that holds a nested type: a reader finds it there.
fn outermost(definition: Definition) -> Definition {
    let parent = match &definition {
        Definition::Message(message) => message.parent_message(),
        Definition::Enum(definition) => EnumDescriptor::parent_message(definition),
        Definition::Service(_) | Definition::Method(_) => None,
    };
    match parent {
        Some(parent) => outermost(Definition::Message(parent)),
        None => definition,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::testing::kitchen;

    fn names(definitions: &[Definition]) -> Vec<String> {
        let name = |definition: &Definition| match definition {
            Definition::Service(service) => service.full_name().to_owned(),
            Definition::Method(method) => method.full_name().to_owned(),
            Definition::Message(message) => message.full_name().to_owned(),
            Definition::Enum(definition) => definition.full_name().to_owned(),
        };
        definitions.iter().map(name).collect()
    }

    #[test]
    fn shows_what_is_needed_once() {
        let pool = kitchen();
        let check = |start: Definition, expected: &[&str]| {
            assert_eq!(names(&with_messages(vec![start])), expected);
        };
        let service = pool.get_service_by_name("t.Kitchen").unwrap();
        let message = |name| Definition::Message(pool.get_message_by_name(name).unwrap());
        check(
            Definition::Service(service.clone()),
            &["t.Kitchen", "t.Order", "t.Item", "t.Color"],
        );
        let talk = service.methods().nth(3).unwrap();
        check(
            Definition::Method(talk),
            &["t.Kitchen.Talk", "t.Item", "t.Color"],
        );
        check(message("t.Signed"), &["t.Signed"]);
        check(message("t.Order.Line"), &["t.Order.Line"]);
        check(
            Definition::Enum(pool.get_enum_by_name("t.Color").unwrap()),
            &["t.Color"],
        );
    }
}

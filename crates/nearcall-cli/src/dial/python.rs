//! Python, by grpcio and by grpclib.

use std::collections::BTreeSet;

use prost_reflect::{FileDescriptor, MessageDescriptor};

use super::names::{self, quoted, stem};
use super::sample::{One, Sample, Set};

/// The modules that the code imports, as lines.
pub(super) type Imports = BTreeSet<String>;

/// The folder of a module, in dots, and its name.
pub(super) fn module(file: &FileDescriptor, ending: &str) -> (String, String) {
    let path = stem(file).replace('-', "_").replace('/', ".");
    let (folder, name) = path.rsplit_once('.').unwrap_or(("", &path));
    (folder.to_owned(), format!("{name}{ending}"))
}

/// Imports a module, and answers with its name.
pub(super) fn import(file: &FileDescriptor, ending: &str, imports: &mut Imports) -> String {
    let (folder, name) = module(file, ending);
    imports.insert(if folder.is_empty() {
        format!("import {name}")
    } else {
        format!("from {folder} import {name}")
    });
    name
}

/// The class of a message.
pub(super) fn type_name(message: &MessageDescriptor, imports: &mut Imports) -> String {
    let module = import(&message.parent_file(), "_pb2", imports);
    format!("{module}.{}", names::of_message(message).join("."))
}

/// A message with its fields.
pub(super) fn literal(sample: &Sample, imports: &mut Imports) -> String {
    let name = type_name(&sample.message, imports);
    let mut keywords = Vec::new();
    let fields = sample.fields.iter().filter_map(|set| {
        let value = match &set.value {
            Set::One(value) => one(value, imports),
            Set::List(value) => format!("[{}]", one(value, imports)),
            Set::Map(key, value) => format!("{{{}: {}}}", one(key, imports), one(value, imports)),
        };
        let name = set.field.name();
        if is_keyword(name) {
            keywords.push(format!("{}: {value}", quoted(name)));
            return None;
        }
        Some(format!("{name}={value}"))
    });
    let mut fields: Vec<_> = fields.collect();
    if !keywords.is_empty() {
        fields.push(format!("**{{{}}}", keywords.join(", ")));
    }
    format!("{name}({})", fields.join(", "))
}

fn one(value: &One, imports: &mut Imports) -> String {
    match value {
        One::Number(number, _) => number.to_string(),
        One::Real(_) => "1.5".to_owned(),
        One::Bool => "True".to_owned(),
        One::Text(text) => quoted(text),
        One::Bytes(text) => format!("b{}", quoted(text)),
        // protobuf takes the name of a value in a constructor.
        One::Enum(value) => quoted(value.name()),
        One::Message(sample) => literal(sample, imports),
    }
}

fn is_keyword(name: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class",
        "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global",
        "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return",
        "self", "try", "while", "with", "yield",
    ];
    KEYWORDS.contains(&name)
}

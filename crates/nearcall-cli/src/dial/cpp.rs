//! C++, by grpc++.

use prost_reflect::MessageDescriptor;

use super::names::{self, quoted};
use super::sample::{Field, One, Sample, Set};

/// The namespace of a package.
pub(super) fn namespace(package: &str) -> String {
    let parts = package.split('.').filter(|part| !part.is_empty());
    parts.map(|part| format!("::{part}")).collect()
}

/// The class of a message.
pub(super) fn type_name(message: &MessageDescriptor) -> String {
    let names = names::of_message(message).join("::");
    format!("{}::{names}", namespace(message.package_name()))
}

/// Statements that set the fields of `variable`, which is a pointer where `access` is `->`.
pub(super) fn statements(sample: &Sample, variable: &str, access: &str) -> Vec<String> {
    let fields = sample.fields.iter();
    fields
        .flat_map(|set| field(set, variable, access))
        .collect()
}

fn field(set: &Field, variable: &str, access: &str) -> Vec<String> {
    let name = set.field.name().to_ascii_lowercase();
    let name = if is_keyword(&name) { name + "_" } else { name };
    let inner = format!("{variable}_{name}");
    let nested = |sample: &Sample, start: String| {
        let mut lines = vec![start];
        lines.extend(statements(sample, &inner, "->"));
        if lines.len() == 1 {
            // A variable that nobody uses is a warning.
            lines = vec![
                lines
                    .remove(0)
                    .replacen(&format!("auto* {inner} = "), "", 1),
            ];
        }
        lines
    };
    match &set.value {
        Set::One(One::Message(sample)) => nested(
            sample,
            format!("auto* {inner} = {variable}{access}mutable_{name}();"),
        ),
        Set::One(value) => vec![format!("{variable}{access}set_{name}({});", one(value))],
        Set::List(One::Message(sample)) => nested(
            sample,
            format!("auto* {inner} = {variable}{access}add_{name}();"),
        ),
        Set::List(value) => vec![format!("{variable}{access}add_{name}({});", one(value))],
        Set::Map(key, One::Message(sample)) => nested(
            sample,
            format!(
                "auto* {inner} = &(*{variable}{access}mutable_{name}())[{}];",
                one(key)
            ),
        ),
        Set::Map(key, value) => vec![format!(
            "(*{variable}{access}mutable_{name}())[{}] = {};",
            one(key),
            one(value)
        )],
    }
}

fn one(value: &One) -> String {
    match value {
        One::Number(number, _) => number.to_string(),
        One::Real(_) => "1.5".to_owned(),
        One::Bool => "true".to_owned(),
        One::Text(text) | One::Bytes(text) => quoted(text),
        One::Enum(value) => {
            let known = value.parent_enum();
            let scope = known.parent_message().map_or_else(
                || namespace(known.package_name()),
                |message| type_name(&message),
            );
            format!("{scope}::{}", value.name())
        }
        // Messages are set field by field.
        One::Message(_) => String::new(),
    }
}

fn is_keyword(name: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "and",
        "asm",
        "auto",
        "bool",
        "break",
        "case",
        "catch",
        "char",
        "class",
        "const",
        "continue",
        "default",
        "delete",
        "do",
        "double",
        "else",
        "enum",
        "explicit",
        "export",
        "extern",
        "false",
        "float",
        "for",
        "friend",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "mutable",
        "namespace",
        "new",
        "not",
        "operator",
        "or",
        "private",
        "protected",
        "public",
        "register",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "struct",
        "switch",
        "template",
        "this",
        "throw",
        "true",
        "try",
        "typedef",
        "typename",
        "union",
        "unsigned",
        "using",
        "virtual",
        "void",
        "volatile",
        "while",
        "xor",
    ];
    KEYWORDS.contains(&name)
}

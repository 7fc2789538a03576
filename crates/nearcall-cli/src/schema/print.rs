//! Descriptors as `.proto` text, with the comments they were written with.

mod comments;
mod messages;
mod options;

use std::fmt::Write as _;

use prost_reflect::{
    EnumDescriptor, FileDescriptor, Kind, MessageDescriptor, MethodDescriptor, ServiceDescriptor,
    Syntax,
};

use comments::Comments;

/// One definition at the top of a file, or one inside a message that stands for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Definition {
    /// A service with all its methods.
    Service(ServiceDescriptor),
    /// One method, shown in its service.
    Method(MethodDescriptor),
    /// A message with what is defined in it.
    Message(MessageDescriptor),
    /// An enum.
    Enum(EnumDescriptor),
}

impl Definition {
    /// The file that it is in.
    pub(crate) fn file(&self) -> FileDescriptor {
        match self {
            Self::Service(service) => service.parent_file(),
            Self::Method(method) => method.parent_service().parent_file(),
            Self::Message(message) => message.parent_file(),
            Self::Enum(definition) => definition.parent_file(),
        }
    }
}

/// Definitions as text, those of one file together, in the order given.
pub(crate) fn proto(definitions: &[Definition]) -> String {
    let mut files: Vec<FileDescriptor> = Vec::new();
    for definition in definitions {
        let file = definition.file();
        if !files.contains(&file) {
            files.push(file);
        }
    }
    let mut text = String::new();
    for file in files {
        if !text.is_empty() {
            text.push('\n');
        }
        let mut page = Page::new(&file);
        page.head(&file);
        for definition in definitions
            .iter()
            .filter(|definition| definition.file() == file)
        {
            page.text.push('\n');
            match definition {
                Definition::Service(service) => page.service(service, None),
                Definition::Method(method) => page.service(method.parent_service(), Some(method)),
                Definition::Message(message) => page.message(message, 0),
                Definition::Enum(definition) => page.enumeration(definition, 0),
            }
        }
        text.push_str(&page.text);
    }
    text
}

/// What the first line of a whole file ends in.
pub(crate) const MARK: &str = ", as its server describes it (nearcall describe)";

/// A whole file: with its imports and options, in the order of the file, so that a generator takes it.
pub(crate) fn file(file: &FileDescriptor) -> String {
    let mut page = Page::new(file);
    page.head_marked(file, MARK);
    let mut imports: Vec<_> = imports(file)
        .iter()
        .map(|import| format!("import {:?};", import.name()))
        .collect();
    imports.sort();
    let options = options::of_file(file);
    for lines in [imports, options] {
        if !lines.is_empty() {
            page.text.push('\n');
        }
        for line in lines {
            page.line(0, &line);
        }
    }
    for service in file.services() {
        page.text.push('\n');
        page.service(&service, None);
    }
    for message in file.messages() {
        page.text.push('\n');
        page.message(&message, 0);
    }
    for definition in file.enums() {
        page.text.push('\n');
        page.enumeration(&definition, 0);
    }
    page.text
}

/// The files of the types that are used in a file, each once and without the file itself. What a file imports for its
/// options alone is not among them, and neither are those options printed.
pub(crate) fn imports(file: &FileDescriptor) -> Vec<FileDescriptor> {
    let mut used: Vec<FileDescriptor> = Vec::new();
    let mut note = |other: FileDescriptor| {
        if other != *file && !used.contains(&other) {
            used.push(other);
        }
    };
    for method in file
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
    {
        note(method.input().parent_file());
        note(method.output().parent_file());
    }
    let mut messages: Vec<_> = file.messages().collect();
    while let Some(message) = messages.pop() {
        messages.extend(message.child_messages());
        for field in message.fields() {
            match field.kind() {
                Kind::Message(other) => note(other.parent_file()),
                Kind::Enum(other) => note(other.parent_file()),
                _ => {}
            }
        }
    }
    used
}

/// A scalar type as the `.proto` spells it.
pub(crate) const fn scalar(kind: &Kind) -> &'static str {
    match kind {
        Kind::Double => "double",
        Kind::Float => "float",
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        Kind::Uint32 => "uint32",
        Kind::Uint64 => "uint64",
        Kind::Sint32 => "sint32",
        Kind::Sint64 => "sint64",
        Kind::Fixed32 => "fixed32",
        Kind::Fixed64 => "fixed64",
        Kind::Sfixed32 => "sfixed32",
        Kind::Sfixed64 => "sfixed64",
        Kind::Bool => "bool",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Message(_) => "message",
        Kind::Enum(_) => "enum",
    }
}

/// The comment before a definition, as one text without comment marks.
pub(crate) fn comment(definition: &Definition) -> String {
    let comments = Comments::of(&definition.file());
    let path = match definition {
        Definition::Service(service) => service.path(),
        Definition::Method(method) => method.path(),
        Definition::Message(message) => message.path(),
        Definition::Enum(definition) => definition.path(),
    };
    comments.before(path).join("\n").trim().to_owned()
}

/// One file being written.
struct Page {
    text: String,
    package: String,
    comments: Comments,
}

impl Page {
    fn new(file: &FileDescriptor) -> Self {
        Self {
            text: String::new(),
            package: file.package_name().to_owned(),
            comments: Comments::of(file),
        }
    }

    fn head(&mut self, file: &FileDescriptor) {
        self.head_marked(file, "");
    }

    fn head_marked(&mut self, file: &FileDescriptor, mark: &str) {
        self.line(0, &format!("// {}{mark}", file.name()));
        self.line(
            0,
            match file.syntax() {
                Syntax::Proto2 => "syntax = \"proto2\";",
                Syntax::Proto3 => "syntax = \"proto3\";",
            },
        );
        if !self.package.is_empty() {
            let package = format!("package {};", self.package);
            self.line(0, &package);
        }
    }

    fn service(&mut self, service: &ServiceDescriptor, only: Option<&MethodDescriptor>) {
        self.comment_before(service.path(), 0);
        self.line(0, &format!("service {} {{", service.name()));
        let mut first = true;
        for method in service.methods() {
            if only.is_some_and(|only| *only != method) {
                continue;
            }
            if !std::mem::take(&mut first) {
                self.text.push('\n');
            }
            self.method(&method);
        }
        self.line(0, "}");
    }

    fn method(&mut self, method: &MethodDescriptor) {
        self.comment_before(method.path(), 1);
        let side = |streams: bool, message: &MessageDescriptor| {
            let stream = if streams { "stream " } else { "" };
            format!("{stream}{}", self.relative(message.full_name()))
        };
        let head = format!(
            "rpc {}({}) returns ({})",
            method.name(),
            side(method.is_client_streaming(), &method.input()),
            side(method.is_server_streaming(), &method.output())
        );
        let mut options = Vec::new();
        if let Some(set) = &method.method_descriptor_proto().options {
            if set.deprecated() {
                options.push("option deprecated = true;".to_owned());
            }
            if set.idempotency_level.is_some() {
                options.push(format!(
                    "option idempotency_level = {};",
                    set.idempotency_level().as_str_name()
                ));
            }
        }
        let after = self.comment_after(method.path());
        if options.is_empty() {
            self.line(1, &format!("{head};{after}"));
            return;
        }
        self.line(1, &format!("{head} {{{after}"));
        for option in options {
            self.line(2, &option);
        }
        self.line(1, "}");
    }

    /// A name as it is written in this file: without the file's own package.
    fn relative(&self, full_name: &str) -> String {
        full_name
            .strip_prefix(&self.package)
            .and_then(|rest| {
                if self.package.is_empty() {
                    Some(rest)
                } else {
                    rest.strip_prefix('.')
                }
            })
            .unwrap_or(full_name)
            .to_owned()
    }

    fn comment_before(&mut self, path: &[i32], depth: usize) {
        let marked = |line: &str| format!("//{line}").trim_end().to_owned();
        let lines: Vec<_> = self.comments.before(path).into_iter().map(marked).collect();
        for line in lines {
            self.line(depth, &line);
        }
    }

    /// A comment on the same line, if it is one line.
    fn comment_after(&self, path: &[i32]) -> String {
        match self.comments.after(path).as_slice() {
            [] => String::new(),
            lines => format!(" //{}", lines.join("").trim_end()),
        }
    }

    fn line(&mut self, depth: usize, line: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{:1$}{line}", "", depth * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{KITCHEN, kitchen};
    use super::*;

    /// Every definition of the file, in its order.
    fn all() -> Vec<Definition> {
        let file = kitchen().get_file_by_name("kitchen.proto").unwrap();
        let services = file.services().map(Definition::Service);
        let messages = file.messages().map(Definition::Message);
        let enums = file.enums().map(Definition::Enum);
        services.chain(messages).chain(enums).collect()
    }

    #[test]
    fn prints_what_was_written() {
        insta::assert_snapshot!(proto(&all()));
    }

    /// What is printed means what was written: compiled again it has the same descriptors, but for its imports.
    #[test]
    fn what_is_printed_compiles_to_the_same() {
        let compiled = |text: &str| {
            let imports: String = KITCHEN
                .lines()
                .filter(|line| line.starts_with("import "))
                .fold(String::new(), |all, line| all + line + "\n");
            let text = if text.contains("import ") {
                text.to_owned()
            } else {
                text.replacen("package t;", &format!("package t;\n{imports}"), 1)
            };
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("kitchen.proto"), text).unwrap();
            let set = protox::compile(["kitchen.proto"], [folder.path()]).unwrap();
            let mut file = set
                .file
                .into_iter()
                .find(|file| file.name() == "kitchen.proto")
                .unwrap();
            file.source_code_info = None;
            file
        };
        let (written, printed) = (compiled(KITCHEN), compiled(&proto(&all())));
        assert_eq!(printed, written);
    }

    #[test]
    fn one_method_comes_in_its_service() {
        let kitchen = kitchen().get_service_by_name("t.Kitchen").unwrap();
        let watch = kitchen.methods().nth(1).unwrap();
        assert_eq!(
            proto(&[Definition::Method(watch)]),
            "// kitchen.proto\nsyntax = \"proto3\";\npackage t;\n\n// Takes orders.\n//\n// Two paragraphs.\n\
             service Kitchen {\n  rpc Watch(Order) returns (stream Item); // Goes on.\n}\n"
        );
    }
}

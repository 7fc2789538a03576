//! What a new project consists of.

use std::path::Path;

use anyhow::Context as _;

use crate::config::SUPERVISOR_NAME;
use crate::names::ServiceName;
use crate::output;

/// The templates and where each goes. `{{word}}` is filled in.
const TEMPLATES: [(&str, &str); 10] = [
    (
        "Cargo.toml",
        include_str!("../../templates/Cargo.toml.tmpl"),
    ),
    ("build.rs", include_str!("../../templates/build.rs.tmpl")),
    (
        "proto/{{name}}.proto",
        include_str!("../../templates/service.proto.tmpl"),
    ),
    ("src/lib.rs", include_str!("../../templates/lib.rs.tmpl")),
    ("src/main.rs", include_str!("../../templates/main.rs.tmpl")),
    (
        "examples/client.rs",
        include_str!("../../templates/client.rs.tmpl"),
    ),
    (
        "tests/call.rs",
        include_str!("../../templates/call.rs.tmpl"),
    ),
    (
        "nearcall.toml",
        include_str!("../../templates/nearcall.toml.tmpl"),
    ),
    ("README.md", include_str!("../../templates/README.md.tmpl")),
    (".gitignore", include_str!("../../templates/gitignore.tmpl")),
];

/// Names that cargo does not take for a package, or that the project's own code needs.
const NAMES_TAKEN: [&str; 8] = [
    "alloc",
    "build",
    "core",
    "nearcall",
    "nearcall-build",
    "proto",
    "std",
    "test",
];

/// The keywords of Rust (The Rust Reference, "Keywords") that consist of lower-case letters: none can name a crate.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while",
];

/// A project before it is written.
#[derive(Debug)]
pub(super) struct Project {
    name: String,
}

impl Project {
    /// A project for the service `name`.
    ///
    /// # Errors
    /// When the name is not one for a service, or not one for a crate.
    pub(super) fn named(name: &str) -> anyhow::Result<Self> {
        name.parse::<ServiceName>()
            .with_context(|| format!("{name:?} cannot be the name of a service"))?;
        let taken =
            NAMES_TAKEN.contains(&name) || name == SUPERVISOR_NAME || KEYWORDS.contains(&name);
        if taken
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            return Err(output::failure(
                format!("{name:?} cannot be the name of a project"),
                format!(
                    "add a word to it, like {}-service",
                    name.replace(['/', '.'], "-")
                ),
            ));
        }
        Ok(Self {
            name: name.to_owned(),
        })
    }

    /// Every file: its path in the project, and its text.
    pub(super) fn files(&self) -> Vec<(String, String)> {
        let module = self.name.replace('-', "_");
        let words = [
            ("{{name}}", self.name.clone()),
            ("{{crate}}", module.clone()),
            ("{{package}}", module.clone()),
            ("{{Service}}", pascal_case(&self.name)),
            ("{{module}}", snake_case(&pascal_case(&self.name))),
            ("{{nearcall}}", dependency("nearcall")),
            ("{{nearcall-build}}", dependency("nearcall-build")),
        ];
        let fill = |text: &str| {
            words.iter().fold(text.to_owned(), |text, (word, value)| {
                text.replace(word, value)
            })
        };
        TEMPLATES
            .iter()
            .map(|(path, text)| (fill(path), fill(text)))
            .collect()
    }
}

/// `game-state` is `GameState`.
fn pascal_case(name: &str) -> String {
    name.split('-')
        .flat_map(|word| {
            let mut chars = word.chars();
            chars
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(chars)
        })
        .collect()
}

/// `GameState` is `game_state`, as generated code names the modules of a service.
fn snake_case(service: &str) -> String {
    let mut name = String::new();
    for (at, char) in service.char_indices() {
        if char.is_ascii_uppercase() && at > 0 {
            name.push('_');
        }
        name.push(char.to_ascii_lowercase());
    }
    name
}

/// The line of Cargo.toml for one of our crates: the checkout that this command was built in while it is there, else
/// the published version.
pub(crate) fn dependency(name: &str) -> String {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(name);
    if checkout.join("Cargo.toml").is_file() {
        // A literal string of TOML takes every path but one with a quote in it.
        format!("{name} = {{ path = '{}' }}", checkout.display())
    } else {
        format!("{name} = \"{}\"", env!("CARGO_PKG_VERSION"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let check = |name, good| assert_eq!(Project::named(name).is_ok(), good, "{name}");
        check("arena", true);
        check("game-state", true);
        check("a1", true);
        for name in [
            "",
            "Arena",
            "1a",
            "a_b",
            "a/b",
            "a.1",
            "test",
            "fn",
            "supervisor",
            "nearcall",
            "../x",
        ] {
            check(name, false);
        }
    }

    #[test]
    fn every_word_is_filled_in() {
        for (path, text) in Project::named("game-state").unwrap().files() {
            assert!(
                !path.contains("{{") && !text.contains("{{"),
                "{path}: {text}"
            );
        }
    }

    #[test]
    fn a_name_becomes_rust_and_proto() {
        let files = Project::named("game-state").unwrap().files();
        let text = |wanted: &str| &files.iter().find(|(path, _)| path == wanted).unwrap().1;
        assert!(text("proto/game-state.proto").contains("package game_state.v1;"));
        assert!(text("proto/game-state.proto").contains("service GameState {"));
        assert!(text("src/lib.rs").contains("use proto::game_state_server::GameState;"));
        assert!(text("src/main.rs").contains("use game_state::GameStateService;"));
        assert!(text("Cargo.toml").contains("name = \"game-state\""));
    }

    #[test]
    fn case_is_changed_word_by_word() {
        let check = |name, pascal, snake| {
            assert_eq!(pascal_case(name), pascal);
            assert_eq!(snake_case(&pascal_case(name)), snake);
        };
        check("a", "A", "a");
        check("game-state", "GameState", "game_state");
        check("v2", "V2", "v2");
        check("a-1", "A1", "a1");
    }
}

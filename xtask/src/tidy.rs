//! The rules of this project that a machine can hold.
//!
//! A rule looks at a [`Tree`], the files of the checkout and what cargo says of the packages, and answers with the
//! places that break it. Each is tried on a tree that breaks it: a rule that cannot fail is worth nothing.

use std::fmt;

use crate::check::{Selection, conclude, workspace_root};
use crate::codegen;
use crate::tally::Tally;
use tree::Tree;

mod architecture;
mod arrows;
mod code;
mod documents;
mod length;
mod licences;
mod limits;
mod machine;
mod manifests;
mod reasons;
mod table;
#[cfg(test)]
mod tests;
mod tokens;
mod tree;

/// One rule.
struct Rule {
    name: &'static str,
    /// Why the project has it.
    why: &'static str,
    /// What to do about a place that breaks it.
    fix: &'static str,
    find: fn(&Tree) -> Vec<Place>,
}

/// Where a rule is broken, and how.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    file: String,
    line: usize,
    what: String,
}

impl Place {
    fn new(file: impl Into<String>, line: usize, what: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line,
            what: what.into(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

const RULES: &[Rule] = &[
    Rule {
        name: "arrows",
        why: "crates depend downwards only, so that each can be read and replaced by itself",
        fix: "move the code to the crate that may know it, or argue the arrow in ARCHITECTURE.md and xtask/src/tidy/arrows.rs",
        find: arrows::find,
    },
    Rule {
        name: "unsafe-code",
        why: "whoever audits memory safety reads one crate",
        fix: "put the operation behind a safe function of nearcall-sys",
        find: code::unsafe_code,
    },
    Rule {
        name: "tonic",
        why: "the gRPC library is replaceable only while few places know it",
        fix: "use what nearcall or nearcall-rpc re-exports",
        find: code::grpc_library,
    },
    Rule {
        name: "unfinished",
        why: "a path that panics because nobody wrote it is a trap for users",
        fix: "write it, or answer with an error that says what is not supported",
        find: code::unfinished,
    },
    Rule {
        name: "prints",
        why: "the streams of a process belong to its program, not to a library",
        fix: "use tracing, or return the text",
        find: code::prints,
    },
    Rule {
        name: "lexes",
        why: "the rules on code read tokens; a file that has none is not looked at",
        fix: "mend the syntax",
        find: code::lexes,
    },
    Rule {
        name: "readme-table",
        why: "README.md is where a newcomer learns what the crates are",
        fix: "let the first column of the crate table name exactly the crates of crates/",
        find: documents::readme_table,
    },
    Rule {
        name: "crate-front",
        why: "a crate is met through its README and its one-line description",
        fix: "add README.md and `description`",
        find: documents::crate_front,
    },
    Rule {
        name: "changelog",
        why: "users learn from CHANGELOG.md what a new version means for them",
        fix: "keep an `## [Unreleased]` section, with the headings Breaking, Added, Changed and Fixed",
        find: documents::changelog,
    },
    Rule {
        name: "architecture",
        why: "an architecture page that names files which are gone misleads",
        fix: "name the file where the thing lives now",
        find: architecture::find,
    },
    Rule {
        name: "limits",
        why: "every queue, buffer and wait is bounded, and one table says by what",
        fix: "give each constant whose documentation starts with `Limit:` a row in the limits table of ARCHITECTURE.md, by its name, and remove rows whose constant is gone",
        find: limits::find,
    },
    Rule {
        name: "reasons",
        why: "programs go by the reason of an error, so the list of reasons is a promise",
        fix: "list each reason in a table of docs/errors.md, and only those that the code knows",
        find: reasons::find,
    },
    Rule {
        name: "file-length",
        why: "a long file has a second idea in it",
        fix: "find the second noun and give it a file",
        find: length::find,
    },
    Rule {
        name: "machine",
        why: "a checkout must build on any machine, from the public registries",
        fix: "remove the address or path; relative paths and the defaults of the tools do",
        find: machine::find,
    },
    Rule {
        name: "inherited",
        why: "the minimum Rust version, the edition and the lints are said once, in the root Cargo.toml",
        fix: "write `rust-version.workspace = true`, `edition.workspace = true` and `lints.workspace = true`",
        find: manifests::inherited,
    },
    Rule {
        name: "licences",
        why: "what is linked in must be free to use as nearcall itself is",
        fix: "use another package, or add the licence to the list in deny.toml",
        find: licences::find,
    },
];

/// The name under which the committed generated code is compared with what its sources give.
const GENERATED: &str = "generated";

/// Carries out `cargo xtask tidy`.
pub(crate) fn run(selection: &Selection) -> anyhow::Result<bool> {
    if selection.list {
        for rule in RULES {
            println!("{:<16}{}", rule.name, rule.why);
        }
        println!("{GENERATED:<16}committed generated code is what its sources give");
        return Ok(true);
    }
    let known = |name: &String| name == GENERATED || RULES.iter().any(|rule| rule.name == name);
    if let Some(name) = selection.only.iter().find(|name| !known(name)) {
        anyhow::bail!("no rule is named `{name}`; `cargo xtask tidy --list` names them");
    }
    conclude(check(&selection.only)?)
}

/// Holds the rules named in `only`, or all, against the checkout.
pub(crate) fn check(only: &[String]) -> anyhow::Result<Tally> {
    let asked = |name: &str| only.is_empty() || only.iter().any(|asked| asked == name);
    let tree = Tree::read(&workspace_root()?)?;
    let mut tally = Tally::default();
    for rule in RULES.iter().filter(|rule| asked(rule.name)) {
        let mut places = (rule.find)(&tree);
        places.sort();
        tally += if places.is_empty() {
            Tally::PASSED
        } else {
            Tally::FAILED
        };
        for place in &places {
            println!("{place} [{}]", rule.name);
        }
        if !places.is_empty() {
            println!("  why: {}\n  do:  {}\n", rule.why, rule.fix);
        }
    }
    if asked("file-length") {
        for place in length::close(&tree) {
            println!("note: {place}");
        }
    }
    if asked(GENERATED) {
        tally += match codegen::run(true) {
            Ok(()) => Tally::PASSED,
            Err(error) => {
                println!("{error:#} [{GENERATED}]");
                println!("  why: readers and other languages use the committed files");
                println!("  do:  run `cargo xtask codegen` and commit what it writes\n");
                Tally::FAILED
            }
        };
    }
    Ok(tally)
}

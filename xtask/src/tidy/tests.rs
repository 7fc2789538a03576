//! Every rule on a tree that keeps it and on trees that break it.

use super::tree::{Dependency, Kind, Licence, Package, Tree};
use super::{Place, RULES};

/// A tree that breaks one rule: the rule, the files, and the place as it is printed.
type Broken = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

const BROKEN: &[Broken] = &[
    (
        "unsafe-code",
        &[(
            "crates/nearcall-rpc/src/lib.rs",
            "fn a() {}\nunsafe fn b() {}",
        )],
        "crates/nearcall-rpc/src/lib.rs:2: `unsafe`",
    ),
    (
        "unsafe-code",
        &[("crates/nearcall/src/lib.rs", "#![allow(unsafe_code)]")],
        "crates/nearcall/src/lib.rs:1: the lint against `unsafe` is switched off",
    ),
    (
        "tonic",
        &[("services/arith/src/main.rs", "use tonic::Status;")],
        "services/arith/src/main.rs:1: `tonic` is named",
    ),
    (
        "tonic",
        &[(
            "crates/nearcall-cli/src/main.rs",
            "\nfn a(b: tonic_types::Status) {}",
        )],
        "crates/nearcall-cli/src/main.rs:2: `tonic_types` is named",
    ),
    (
        "unfinished",
        &[("xtask/src/a.rs", "fn a() { todo!() }")],
        "xtask/src/a.rs:1: `todo!` is called",
    ),
    (
        "prints",
        &[("crates/nearcall/src/lib.rs", "fn a() { println!() }")],
        "crates/nearcall/src/lib.rs:1: `println!` is called",
    ),
    (
        "lexes",
        &[("crates/nearcall/src/lib.rs", "fn a() {")],
        "crates/nearcall/src/lib.rs:1: ",
    ),
    (
        "readme-table",
        &[(
            "README.md",
            "| crate | is |\n|---|---|\n| `nearcall-gone` | x |\n| `nearcall-sys` | x |\n| `nearcall` | x |",
        )],
        "README.md:3: there is no crate `nearcall-gone`",
    ),
    (
        "readme-table",
        &[("README.md", "| `nearcall` | x |")],
        "README.md:1: the crate table does not list `nearcall-sys`",
    ),
    (
        "changelog",
        &[("CHANGELOG.md", "# Changelog\n## 1.0.0")],
        "CHANGELOG.md:1: there is no `## [Unreleased]` section",
    ),
    (
        "changelog",
        &[("CHANGELOG.md", "## [Unreleased]\n### Improved")],
        "CHANGELOG.md:2: `Improved` is none of the four headings",
    ),
    (
        "architecture",
        &[("ARCHITECTURE.md", "one\nsee `crates/nearcall/src/gone.rs`")],
        "ARCHITECTURE.md:2: there is no `crates/nearcall/src/gone.rs`",
    ),
    (
        "limits",
        &[(
            "crates/nearcall/src/a.rs",
            "/// Limit: calls.\npub(crate) const A_MAX: usize = 1;",
        )],
        "crates/nearcall/src/a.rs:2: the limit `A_MAX` is not in the table of ARCHITECTURE.md",
    ),
    (
        "limits",
        &[
            (
                "ARCHITECTURE.md",
                "## Limits\n| `CALLS_MAX` | 1 |\n| `B_MAX` | 2 |",
            ),
            (
                "crates/nearcall/src/a.rs",
                "/// Some calls.\npub const B_MAX: usize = 1;",
            ),
        ],
        "ARCHITECTURE.md:3: no constant `B_MAX` is documented as `Limit:`",
    ),
    (
        "reasons",
        &[(
            "crates/nearcall-rpc/src/status.rs",
            "fn a() { match b { d => \"GONE_AWAY\",\nc => \"CUT_OFF\" } }",
        )],
        "crates/nearcall-rpc/src/status.rs:2: the reason `CUT_OFF` is not in a table of docs/errors.md",
    ),
    (
        "reasons",
        &[("docs/errors.md", "| `GONE_AWAY` | x |\n| `LOST` | x |")],
        "docs/errors.md:2: no status.rs of the crates knows the reason `LOST`",
    ),
    (
        "machine",
        &[("docs/a.md", "a\nsee /home/ann/nearcall")],
        "docs/a.md:2: a path under `/home/`",
    ),
    (
        "machine",
        &[("docs/a.md", "in /the/checkout/target")],
        "docs/a.md:1: the path of this checkout",
    ),
    (
        "machine",
        &[(
            "tests/outside/buf/package-lock.json",
            "\"resolved\": \"https://npm.example\"",
        )],
        "tests/outside/buf/package-lock.json:1: a registry is set: `\"resolved\":`",
    ),
    (
        "machine",
        &[("Cargo.lock", "source = \"git+https://example.org/a\"")],
        "Cargo.lock:1: a package from git+https://example.org/a",
    ),
    (
        "inherited",
        &[(
            "crates/nearcall/Cargo.toml",
            "[package]\nrust-version = \"1.90\"\nedition.workspace = true\n[lints]\nworkspace = true",
        )],
        "crates/nearcall/Cargo.toml:2: `nearcall` does not take `rust-version` from the workspace",
    ),
];

/// A tree that keeps every rule, with what `files` puts over it.
fn tree(files: &[(&str, &str)]) -> Tree {
    let manifest =
        "edition.workspace = true\nrust-version.workspace = true\n[lints]\nworkspace = true\n";
    let good = [
        ("crates/nearcall-sys/Cargo.toml", manifest),
        ("crates/nearcall-sys/README.md", "# nearcall-sys"),
        ("crates/nearcall-sys/src/lib.rs", "unsafe fn a() {}"),
        ("crates/nearcall/Cargo.toml", manifest),
        ("crates/nearcall/README.md", "# nearcall"),
        (
            "crates/nearcall/src/lib.rs",
            "//! Not `unsafe`, no todo!().\n#[cfg(test)] mod tests { fn a() { println!() } }",
        ),
        (
            "crates/nearcall-rpc/src/status.rs",
            "fn a() { match b { c => \"GONE_AWAY\" } }",
        ),
        (
            "crates/nearcall-rpc/src/limits.rs",
            "/// Limit: calls.\n#[doc(alias = \"calls\")]\npub const CALLS_MAX: usize = 1;",
        ),
        (
            "README.md",
            "| [`nearcall-sys`](x) | y |\n| `nearcall` | y |",
        ),
        (
            "ARCHITECTURE.md",
            "`crates/nearcall/src/lib.rs`, `crates/nearcall` and `a.v1.B/C`\n## Limits\n| `CALLS_MAX` | 1 |\n## Else",
        ),
        ("CHANGELOG.md", "## [Unreleased]\n### Added"),
        ("docs/errors.md", "| `GONE_AWAY` | x |"),
        (
            "deny.toml",
            "[licenses]\nallow = [\n  \"MIT\",\n  \"Apache-2.0 WITH LLVM-exception\",\n]",
        ),
        (
            "Cargo.lock",
            "source = \"registry+https://github.com/rust-lang/crates.io-index\"",
        ),
    ];
    let mut tree = Tree {
        root: "/the/checkout".to_owned(),
        members: vec![
            member("nearcall-sys", "crates/nearcall-sys", &[]),
            member("nearcall", "crates/nearcall", &[]),
        ],
        ..Tree::default()
    };
    for (path, text) in good.iter().chain(files) {
        tree.tokens.remove(*path);
        tree.add(path, (*text).to_owned());
    }
    tree
}

fn member(name: &str, folder: &str, dependencies: &[(&str, Kind)]) -> Package {
    let dependency = |&(name, kind): &(&str, Kind)| Dependency {
        name: name.to_owned(),
        kind,
    };
    Package {
        name: name.to_owned(),
        folder: folder.to_owned(),
        description: Some("one line".to_owned()),
        dependencies: dependencies.iter().map(dependency).collect(),
    }
}

fn found(rule: &str, tree: &Tree) -> Vec<Place> {
    let rule = RULES.iter().find(|known| known.name == rule).unwrap();
    (rule.find)(tree)
}

fn shown(rule: &str, tree: &Tree) -> String {
    let lines: Vec<_> = found(rule, tree).iter().map(Place::to_string).collect();
    lines.join("\n")
}

#[test]
fn a_good_tree_keeps_every_rule() {
    for rule in RULES {
        assert_eq!((rule.find)(&tree(&[])), [], "{}", rule.name);
    }
}

#[test]
fn a_broken_tree_is_found_out() {
    for (rule, files, expected) in BROKEN {
        let shown = shown(rule, &tree(files));
        let one = !shown.contains('\n');
        assert!(
            one && shown.starts_with(expected),
            "{rule}: expected {expected}, found {shown}"
        );
    }
}

/// The rules that [`BROKEN`] cannot break, because they look at more than the text of files; each has a test below.
const BY_PACKAGES: &[&str] = &["arrows", "crate-front", "licences", "file-length"];

#[test]
fn every_rule_is_broken_somewhere() {
    for rule in RULES {
        let broken = BROKEN.iter().any(|(name, ..)| *name == rule.name);
        assert!(
            broken || BY_PACKAGES.contains(&rule.name),
            "no tree breaks `{}`",
            rule.name
        );
    }
}

#[test]
fn arrows_point_downwards() {
    let check = |name: &str, folder: &str, dependency: &str, kind, expected: &str| {
        let mut tree = tree(&[]);
        tree.members
            .push(member("nearcall-testkit", "crates/nearcall-testkit", &[]));
        tree.members
            .push(member("nearcall-build", "crates/nearcall-build", &[]));
        tree.members.retain(|member| member.name != name);
        tree.members
            .push(member(name, folder, &[(dependency, kind)]));
        assert_eq!(shown("arrows", &tree), expected, "{name} -> {dependency}");
    };
    use Kind::{Build, Dev, Normal};
    let sys = "crates/nearcall-sys";
    let wrong = "crates/nearcall-sys/Cargo.toml:1: `nearcall-sys` may not depend on `nearcall`";
    check("nearcall-sys", sys, "nearcall", Normal, wrong);
    check("nearcall-sys", sys, "nearcall", Dev, wrong);
    check("nearcall-sys", sys, "nearcall", Build, wrong);
    check("nearcall-sys", sys, "nearcall-testkit", Dev, "");
    check("nearcall-sys", sys, "serde", Normal, "");
    check(
        "nearcall-transport",
        "crates/nearcall-transport",
        "nearcall-sys",
        Normal,
        "",
    );
    check("nearcall-rpc", "crates/nearcall-rpc", "nearcall", Dev, "");
    check(
        "nearcall-rpc",
        "crates/nearcall-rpc",
        "nearcall",
        Normal,
        "crates/nearcall-rpc/Cargo.toml:1: `nearcall-rpc` may not depend on `nearcall`",
    );
    check("arith", "services/arith", "nearcall", Normal, "");
    check("arith", "services/arith", "nearcall-build", Build, "");
    check("arith", "services/arith", "nearcall-sys", Dev, "");
    check(
        "arith",
        "services/arith",
        "nearcall-sys",
        Normal,
        "services/arith/Cargo.toml:1: `arith` may not depend on `nearcall-sys`",
    );
    check(
        "nearcall-sys",
        sys,
        "nearcall-testkit",
        Normal,
        "crates/nearcall-sys/Cargo.toml:1: `nearcall-sys` may not depend on `nearcall-testkit`",
    );
    check(
        "nearcall-new",
        "crates/nearcall-new",
        "serde",
        Normal,
        "crates/nearcall-new/Cargo.toml:1: `nearcall-new` is not in the table of crates and their arrows",
    );
}

#[test]
fn tonic_is_no_dependency_of_users() {
    let mut tree = tree(&[]);
    tree.members.push(member(
        "arith",
        "services/arith",
        &[("tonic-health", Kind::Dev)],
    ));
    let expected = "services/arith/Cargo.toml:1: `arith` depends on `tonic-health`";
    assert_eq!(shown("tonic", &tree), expected);
}

#[test]
fn a_crate_has_a_front() {
    let mut tree = tree(&[]);
    let mut bare = member("bare", "crates/bare", &[]);
    bare.description = None;
    tree.members.push(bare);
    let expected = "crates/bare/Cargo.toml:1: `bare` has no description\ncrates/bare/README.md:1: the file is missing";
    assert_eq!(shown("crate-front", &tree), expected);
}

#[test]
fn licences_are_on_the_list() {
    let check = |expression: Option<&str>, expected: &str| {
        let mut tree = tree(&[]);
        tree.licences.push(Licence {
            package: "a 1.0.0".to_owned(),
            expression: expression.map(str::to_owned),
        });
        assert_eq!(shown("licences", &tree), expected);
    };
    check(Some("MIT"), "");
    check(Some("MIT OR GPL-3.0-only"), "");
    check(Some("MIT/GPL-3.0-only"), "");
    check(Some("Apache-2.0 WITH LLVM-exception"), "");
    check(
        Some("Apache-2.0"),
        "deny.toml:1: a 1.0.0: `Apache-2.0` is not allowed",
    );
    check(
        Some("MIT AND GPL-3.0-only"),
        "deny.toml:1: a 1.0.0: `MIT AND GPL-3.0-only` is not allowed",
    );
    check(None, "deny.toml:1: a 1.0.0: no licence is named");
}

#[test]
fn a_file_may_be_so_long() {
    let check = |path: &str, lines: usize, expected: &str| {
        let text = "\n".repeat(lines);
        assert_eq!(shown("file-length", &tree(&[(path, &text)])), expected);
    };
    check("crates/a/src/a.rs", 500, "");
    check(
        "crates/a/src/a.rs",
        501,
        "crates/a/src/a.rs:501: 501 lines, of 500 at most",
    );
    check("crates/a/tests/it/main.rs", 501, "");
    check("crates/a/src/generated/a.rs", 501, "");
    check("docs/a.md", 501, "");
}

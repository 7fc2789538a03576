//! Rules on the tokens of Rust files.

use super::Place;
use super::tokens::{Kind, Token};
use super::tree::Tree;

/// The crates that may hold `unsafe`, each under SAFETY comments that clippy asks for; and what frames are compared with, a
/// bare ring and a library's own loans, which have no safe form and are in no program of ours.
const UNSAFE_CRATES: &[&str] = &[
    "crates/nearcall-sys/",
    "crates/nearcall-capi/",
    "bench/frames/peers/ring/",
    "bench/frames/peers/iceoryx2/",
];

/// The packages that are tonic.
const TONIC_CRATES: &[&str] = &[
    "tonic",
    "tonic-build",
    "tonic-health",
    "tonic-prost",
    "tonic-prost-build",
    "tonic-reflection",
    "tonic-types",
];

/// Where tonic may be named: the crates that speak gRPC, what writes code for it, the re-exports for that code, and what
/// stands in for foreign peers in tests.
const TONIC_PLACES: &[&str] = &[
    "crates/nearcall-rpc/",
    "crates/nearcall-sidecar/",
    "crates/nearcall-proto/",
    "crates/nearcall-build/",
    "crates/nearcall/",
    "crates/nearcall-testkit/",
    "tests/only-nearcall/",
    "tests/outside/plain-tonic/",
    "bench/",
];

/// Where printing is the purpose: programs, and cargo's own language in a `build.rs`.
const PRINTING_PLACES: &[&str] = &["crates/nearcall-cli/", "xtask/", "examples/", "bench/"];

pub(super) fn unsafe_code(tree: &Tree) -> Vec<Place> {
    let word = |tokens: &[Token]| match tokens {
        [token, ..] if is(token, "unsafe") => Some("`unsafe`".to_owned()),
        [level, open, lint, ..]
            if (is(level, "allow") || is(level, "expect"))
                && open.text == "("
                && is(lint, "unsafe_code") =>
        {
            Some("the lint against `unsafe` is switched off".to_owned())
        }
        _ => None,
    };
    scan(tree, outside(UNSAFE_CRATES), Tests::Included, word)
}

pub(super) fn grpc_library(tree: &Tree) -> Vec<Place> {
    let word = |tokens: &[Token]| {
        let name = tokens.first().filter(|token| token.kind == Kind::Ident)?;
        let named = TONIC_CRATES.contains(&name.text.replace('_', "-").as_str());
        named.then(|| format!("`{}` is named", name.text))
    };
    let mut places = scan(tree, outside(TONIC_PLACES), Tests::Included, word);
    for member in &tree.members {
        let folder = format!("{}/", member.folder);
        let dependencies = member.dependencies.iter();
        for dependency in dependencies.filter(|one| TONIC_CRATES.contains(&one.name.as_str())) {
            if !TONIC_PLACES.iter().any(|place| place.starts_with(&folder)) {
                let what = format!("`{}` depends on `{}`", member.name, dependency.name);
                places.push(Place::new(format!("{folder}Cargo.toml"), 1, what));
            }
        }
    }
    places
}

pub(super) fn unfinished(tree: &Tree) -> Vec<Place> {
    let word = |tokens: &[Token]| called(tokens, &["todo", "unimplemented"]);
    scan(tree, |_| true, Tests::Included, word)
}

pub(super) fn prints(tree: &Tree) -> Vec<Place> {
    let macros = ["print", "println", "eprint", "eprintln", "dbg"];
    let word = |tokens: &[Token]| called(tokens, &macros);
    let elsewhere = |path: &str| {
        outside(PRINTING_PLACES)(path)
            && !path.split('/').any(|part| part == "tests")
            && !path.ends_with("build.rs")
    };
    scan(tree, elsewhere, Tests::Excluded, word)
}

pub(super) fn lexes(tree: &Tree) -> Vec<Place> {
    let unlexed = tree.unlexed.iter();
    let place = |(path, error): (&String, &String)| Place::new(path, 1, error);
    unlexed.map(place).collect()
}

/// Whether code under `#[cfg(test)]` is looked at too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tests {
    Included,
    Excluded,
}

/// Offers `find` what is left of a file at each token, in the files that `looked_at` accepts.
fn scan(
    tree: &Tree,
    looked_at: impl Fn(&str) -> bool,
    tests: Tests,
    find: impl Fn(&[Token]) -> Option<String>,
) -> Vec<Place> {
    let mut places = Vec::new();
    for (path, tokens) in &tree.tokens {
        if !looked_at(path) {
            continue;
        }
        for (index, token) in tokens.iter().enumerate() {
            if token.in_test && tests == Tests::Excluded {
                continue;
            }
            if let Some(what) = find(&tokens[index..]) {
                places.push(Place::new(path, token.line, what));
            }
        }
    }
    places
}

fn outside(places: &[&str]) -> impl Fn(&str) -> bool {
    move |path| !places.iter().any(|place| path.starts_with(place))
}

fn is(token: &Token, word: &str) -> bool {
    token.kind == Kind::Ident && token.text == word
}

/// A call of one of the macros `names`.
fn called(tokens: &[Token], names: &[&str]) -> Option<String> {
    let [name, bang, ..] = tokens else {
        return None;
    };
    let found = names.iter().any(|macro_name| is(name, macro_name)) && bang.text == "!";
    found.then(|| format!("`{}!` is called", name.text))
}

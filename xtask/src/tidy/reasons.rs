//! The reasons that errors carry on the wire, and the page that lists them.

use std::collections::BTreeMap;

use super::Place;
use super::table::named_rows;
use super::tokens::unquoted;
use super::tree::Tree;

const PAGE: &str = "docs/errors.md";

/// Where the crates that speak gRPC turn what went wrong into a status.
const SOURCES: &[&str] = &[
    "crates/nearcall-rpc/src/status.rs",
    "crates/nearcall-sidecar/src/status.rs",
];

pub(super) fn find(tree: &Tree) -> Vec<Place> {
    let known = known(tree);
    let text = tree.files.get(PAGE).map_or("", String::as_str);
    let listed: Vec<_> = named_rows(text)
        .into_iter()
        .filter(|(_, name)| is_reason(name))
        .collect();
    let mut places = Vec::new();
    for (reason, (path, line)) in &known {
        if !listed.iter().any(|(_, name)| name == reason) {
            let what = format!("the reason `{reason}` is not in a table of {PAGE}");
            places.push(Place::new(*path, *line, what));
        }
    }
    for (line, name) in listed {
        if !known.contains_key(name) {
            let what = format!("no status.rs of the crates knows the reason `{name}`");
            places.push(Place::new(PAGE, line, what));
        }
    }
    places
}

/// Reasons with their place: strings such as `"CUT_OFF"` that an arm of a `match` in one of the sources gives.
fn known(tree: &Tree) -> BTreeMap<&str, (&String, usize)> {
    let mut known = BTreeMap::new();
    for (path, tokens) in &tree.tokens {
        if !SOURCES.contains(&path.as_str()) {
            continue;
        }
        for window in tokens.windows(3) {
            let [equals, greater, literal] = window else {
                continue;
            };
            let arm = equals.text == "=" && greater.text == ">" && !literal.in_test;
            if let Some(reason) = unquoted(&literal.text).filter(|text| arm && is_reason(text)) {
                known.insert(reason, (path, literal.line));
            }
        }
    }
    known
}

fn is_reason(name: &str) -> bool {
    let allowed = |char: char| char.is_ascii_uppercase() || char == '_';
    name.len() > 2 && name.chars().all(allowed)
}

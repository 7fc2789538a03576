//! Constants that bound something, and the table of them in ARCHITECTURE.md.

use super::Place;
use super::table::{named_rows, section};
use super::tokens::{Token, unquoted};
use super::tree::Tree;

const PAGE: &str = "ARCHITECTURE.md";

pub(super) fn find(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    let mut limits = Vec::new();
    for (path, tokens) in &tree.tokens {
        if path.starts_with("crates/") {
            for (name, line) in constants(tokens) {
                limits.push((name, path, line));
            }
        }
    }
    let page = tree.files.get(PAGE).map_or("", String::as_str);
    let table = section(page, |heading| heading.starts_with("Limits"));
    let rows = named_rows(&table);
    for (name, path, line) in &limits {
        if !rows.iter().any(|(_, row)| row == name) {
            let what = format!("the limit `{name}` is not in the table of {PAGE}");
            places.push(Place::new(*path, *line, what));
        }
    }
    for (line, row) in rows {
        let looks_constant = row
            .chars()
            .all(|char| char.is_ascii_uppercase() || "_0123456789".contains(char));
        if looks_constant && !limits.iter().any(|(name, ..)| *name == row) {
            let what = format!("no constant `{row}` is documented as `Limit:`");
            places.push(Place::new(PAGE, line, what));
        }
    }
    places
}

/// Name and line of every constant whose documentation starts with `Limit:`.
fn constants(tokens: &[Token]) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    let mut documented = false;
    let mut rest = tokens;
    while let Some(token) = rest.first() {
        let texts: Vec<&str> = rest
            .iter()
            .take(6)
            .map(|token| token.text.as_str())
            .collect();
        let step = match texts.as_slice() {
            ["#", "[", "doc", "=", text, "]"] => {
                documented |=
                    unquoted(text).is_some_and(|text| text.trim_start().starts_with("Limit:"));
                6
            }
            ["const", name, ":", ..] if documented => {
                found.push((*name, token.line));
                documented = false;
                3
            }
            // Attributes between the documentation and the constant keep it; anything that ends an item does not.
            [";" | "}" | "{" | ",", ..] => {
                documented = false;
                1
            }
            _ => 1,
        };
        rest = &rest[step.min(rest.len())..];
    }
    found
}

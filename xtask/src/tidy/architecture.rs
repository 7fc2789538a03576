//! Files and folders that ARCHITECTURE.md names must be there.

use super::Place;
use super::tree::Tree;

const PAGE: &str = "ARCHITECTURE.md";

/// Names that end so are taken for files wherever they seem to lie.
const FILE_ENDINGS: &[&str] = &[
    ".rs", ".md", ".toml", ".proto", ".py", ".json", ".yaml", ".yml", ".lock",
];

pub(super) fn find(tree: &Tree) -> Vec<Place> {
    let Some(text) = tree.files.get(PAGE) else {
        return vec![Place::new(PAGE, 1, "the file is missing")];
    };
    let mut places = Vec::new();
    for (line, span) in code_spans(text) {
        if names_a_path(tree, span) && !exists(tree, span) {
            places.push(Place::new(PAGE, line, format!("there is no `{span}`")));
        }
    }
    places
}

/// The text between single backticks, with its line, outside of fenced blocks.
fn code_spans(text: &str) -> Vec<(usize, &str)> {
    let mut spans = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let inside = line.split('`').skip(1).step_by(2);
            spans.extend(inside.map(|span| (index + 1, span)));
        }
    }
    spans
}

/// Whether `span` reads like a path of this checkout: it ends like a file, or starts with one of our folders.
fn names_a_path(tree: &Tree, span: &str) -> bool {
    let plain = |char: char| char.is_ascii_alphanumeric() || "/._-".contains(char);
    if span.is_empty() || !span.chars().all(plain) || span.starts_with(['/', '.']) {
        return false;
    }
    let Some((first, _)) = span.split_once('/') else {
        return false;
    };
    let ours = tree.files.keys().any(|path| {
        path.split_once('/')
            .is_some_and(|(folder, _)| folder == first)
    });
    ours || FILE_ENDINGS.iter().any(|ending| span.ends_with(ending))
}

fn exists(tree: &Tree, span: &str) -> bool {
    let folder = format!("{}/", span.trim_end_matches('/'));
    tree.files.contains_key(span) || tree.files.keys().any(|path| path.starts_with(&folder))
}

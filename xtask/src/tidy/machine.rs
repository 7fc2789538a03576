//! Traces of one machine: its folders, and the registries it fetches from.

use super::Place;
use super::tree::Tree;

/// How folders of people and of root start.
const HOMES: &[&str] = &["/home/", "/root/", "/Users/", "C:\\Users\\"];

/// Settings that point a tool at a registry of one's own.
const REGISTRIES: &[&str] = &[
    "--index-url",
    "--extra-index-url",
    "--find-links",
    "\"resolved\":",
    "replace-with",
    "registry=",
    "GOPROXY=",
];

/// Where Cargo.lock may fetch from.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn find(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    for (path, text) in &tree.files {
        // This file and its tests must name what they look for.
        if path.starts_with("xtask/src/tidy") {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            if let Some(what) = trace(tree, path, line) {
                places.push(Place::new(path, index + 1, what));
            }
        }
    }
    places
}

fn trace(tree: &Tree, path: &str, line: &str) -> Option<String> {
    if let Some(home) = HOMES.iter().find(|home| line.contains(**home)) {
        return Some(format!("a path under `{home}`"));
    }
    // A checkout right under `/` has too common a name to look for.
    if tree.root.matches('/').count() > 1 && line.contains(&tree.root) {
        return Some("the path of this checkout".to_owned());
    }
    if let Some(setting) = REGISTRIES.iter().find(|setting| line.contains(**setting)) {
        return Some(format!("a registry is set: `{setting}`"));
    }
    let source = line.strip_prefix("source = ")?.trim_matches('"');
    let foreign = path.ends_with("Cargo.lock") && source != CRATES_IO;
    foreign.then(|| format!("a package from {source}"))
}

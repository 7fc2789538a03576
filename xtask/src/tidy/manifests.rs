//! What every package takes from the root Cargo.toml.

use super::Place;
use super::tree::Tree;

pub(super) fn inherited(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    for member in &tree.members {
        let path = format!("{}/Cargo.toml", member.folder);
        let Some(text) = tree.files.get(&path) else {
            continue;
        };
        for key in ["rust-version", "edition", "lints"] {
            if key == "lints" && member.name == OWN_LINTS {
                continue;
            }
            if let Err(line) = takes(text, key) {
                let what = format!("`{}` does not take `{key}` from the workspace", member.name);
                places.push(Place::new(&path, line, what));
            }
        }
    }
    places
}

/// Generated code is held to the lints of its generator.
const OWN_LINTS: &str = "nearcall-proto";

/// Whether a manifest takes `key` from the workspace, in either spelling; otherwise the line that speaks of it.
fn takes(text: &str, key: &str) -> Result<(), usize> {
    let dotted = format!("{key}.workspace = true");
    let table = format!("[{key}]");
    let mut mentioned = 1;
    let mut lines = text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let under_table = line == table
            && lines
                .peek()
                .is_some_and(|(_, next)| *next == "workspace = true");
        if line == dotted || under_table {
            return Ok(());
        }
        if line == table || line.starts_with(&format!("{key} =")) {
            mentioned = index + 1;
        }
    }
    Err(mentioned)
}

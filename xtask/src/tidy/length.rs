//! How long a Rust file may be.

use super::Place;
use super::tree::Tree;

/// Limit: lines of a file, its tests included.
const LINES_MAX: usize = 500;

/// Lines at which it is time to look for a second idea in a file.
const LINES_CLOSE: usize = 400;

pub(super) fn find(tree: &Tree) -> Vec<Place> {
    lengths(tree, |lines| lines > LINES_MAX)
}

/// Files near the limit.
pub(super) fn close(tree: &Tree) -> Vec<Place> {
    lengths(tree, |lines| (LINES_CLOSE..=LINES_MAX).contains(&lines))
}

fn lengths(tree: &Tree, matches: impl Fn(usize) -> bool) -> Vec<Place> {
    let mut places = Vec::new();
    for (path, text) in &tree.files {
        let mut folders = path.split('/');
        let exempt =
            folders.any(|part| part == "tests" || part == "generated" || part == "tests.rs");
        let lines = text.lines().count();
        if path.ends_with(".rs") && !exempt && matches(lines) {
            let what = format!("{lines} lines, of {LINES_MAX} at most");
            places.push(Place::new(path, lines, what));
        }
    }
    places
}

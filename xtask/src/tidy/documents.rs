//! Rules on README.md, the front of each crate and CHANGELOG.md.

use std::collections::BTreeSet;

use super::Place;
use super::table::named_rows;
use super::tree::{Package, Tree};

pub(super) fn readme_table(tree: &Tree) -> Vec<Place> {
    const README: &str = "README.md";
    let Some(text) = tree.files.get(README) else {
        return vec![Place::new(README, 1, "the file is missing")];
    };
    let crates: BTreeSet<&str> = library(tree).map(|member| member.name.as_str()).collect();
    let mut listed = BTreeSet::new();
    let mut places = Vec::new();
    for (line, name) in named_rows(text) {
        if crates.contains(name) {
            listed.insert(name);
        } else if name == "nearcall" || name.starts_with("nearcall-") {
            places.push(Place::new(
                README,
                line,
                format!("there is no crate `{name}`"),
            ));
        }
    }
    for name in crates.difference(&listed) {
        let what = format!("the crate table does not list `{name}`");
        places.push(Place::new(README, 1, what));
    }
    places
}

pub(super) fn crate_front(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    for member in &tree.members {
        let Package {
            name,
            folder,
            description,
            ..
        } = member;
        if description.as_deref().unwrap_or_default().trim().is_empty() {
            let what = format!("`{name}` has no description");
            places.push(Place::new(format!("{folder}/Cargo.toml"), 1, what));
        }
        let needs_readme = folder.starts_with("crates/") || folder.starts_with("services/");
        let readme = format!("{folder}/README.md");
        if needs_readme && !tree.files.contains_key(&readme) {
            places.push(Place::new(readme, 1, "the file is missing"));
        }
    }
    places
}

pub(super) fn changelog(tree: &Tree) -> Vec<Place> {
    const CHANGELOG: &str = "CHANGELOG.md";
    let Some(text) = tree.files.get(CHANGELOG) else {
        return vec![Place::new(CHANGELOG, 1, "the file is missing")];
    };
    let mut places = Vec::new();
    if !text.lines().any(|line| line == "## [Unreleased]") {
        let what = "there is no `## [Unreleased]` section";
        places.push(Place::new(CHANGELOG, 1, what));
    }
    for (index, line) in text.lines().enumerate() {
        let Some(heading) = line.strip_prefix("### ") else {
            continue;
        };
        if !["Breaking", "Added", "Changed", "Fixed"].contains(&heading) {
            let what = format!("`{heading}` is none of the four headings");
            places.push(Place::new(CHANGELOG, index + 1, what));
        }
    }
    places
}

fn library(tree: &Tree) -> impl Iterator<Item = &Package> {
    let members = tree.members.iter();
    members.filter(|member| member.folder.starts_with("crates/"))
}

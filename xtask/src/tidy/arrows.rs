//! Which of our crates may know which.

use super::Place;
use super::tree::{Dependency, Kind, Package, Tree};

/// A crate and what it may depend on among ours, lowest first. What is not listed here has no place yet.
const ARROWS: &[(&str, &[&str])] = &[
    ("nearcall-sys", &[]),
    ("nearcall-proto", &[]),
    ("nearcall-build", &[]),
    ("nearcall-lane", &[]),
    ("nearcall-transport", &["nearcall-sys"]),
    ("nearcall-frames", &["nearcall-sys"]),
    (
        "nearcall-rpc",
        &["nearcall-transport", "nearcall-lane", "nearcall-proto"],
    ),
    (
        "nearcall-sidecar",
        &[
            "nearcall-frames",
            "nearcall-rpc",
            "nearcall-proto",
            "nearcall-transport",
            "nearcall-sys",
        ],
    ),
    (
        "nearcall",
        &[
            "nearcall-rpc",
            "nearcall-sidecar",
            "nearcall-frames",
            "nearcall-transport",
            "nearcall-proto",
        ],
    ),
    ("nearcall-capi", &["nearcall"]),
    ("nearcall-cli", &["nearcall"]),
    // Used by tests alone, so nothing that is published stands above it.
    (
        "nearcall-testkit",
        &[
            "nearcall",
            "nearcall-rpc",
            "nearcall-transport",
            "nearcall-sys",
            "nearcall-proto",
        ],
    ),
    ("xtask", &["nearcall-build"]),
];

/// What services, examples and the crates of `tests/` may depend on: what a user's crate does.
const USERS: &[&str] = &["nearcall"];

/// What any crate may use in its `build.rs`.
const BUILD: &str = "nearcall-build";

/// What any crate may use in its tests beside its own dependencies.
const TESTS: &[&str] = &["nearcall-testkit", BUILD];

/// Arrows that point upwards in tests only: code that is generated for tests names the facade, as a user's does.
const UPWARDS_IN_TESTS: &[(&str, &str)] =
    &[("nearcall-build", "nearcall"), ("nearcall-rpc", "nearcall")];

pub(super) fn find(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    let ours = |name: &str| tree.members.iter().any(|member| member.name == name);
    for member in &tree.members {
        let Some(allowed) = allowed(member) else {
            let what = format!(
                "`{}` is not in the table of crates and their arrows",
                member.name
            );
            places.push(Place::new(manifest(member), 1, what));
            continue;
        };
        let wrong = |dependency: &&Dependency| {
            let name = dependency.name.as_str();
            ours(name)
                && !allowed.contains(&name)
                && match dependency.kind {
                    Kind::Normal => true,
                    Kind::Build => name != BUILD,
                    // Tests of a service or an example may start whatever they call.
                    Kind::Dev => {
                        !TESTS.contains(&name)
                            && !UPWARDS_IN_TESTS.contains(&(&member.name, name))
                            && !is_user(member)
                    }
                }
        };
        for dependency in member.dependencies.iter().filter(wrong) {
            let what = format!("`{}` may not depend on `{}`", member.name, dependency.name);
            places.push(Place::new(
                manifest(member),
                line(tree, member, dependency),
                what,
            ));
        }
    }
    places
}

fn is_user(member: &Package) -> bool {
    let folders = ["services/", "examples/", "tests/"];
    folders
        .iter()
        .any(|folder| member.folder.starts_with(folder))
}

fn allowed(member: &Package) -> Option<&'static [&'static str]> {
    if is_user(member) {
        return Some(USERS);
    }
    let row = ARROWS.iter().find(|(name, _)| *name == member.name);
    row.map(|(_, allowed)| *allowed)
}

fn manifest(member: &Package) -> String {
    format!("{}/Cargo.toml", member.folder)
}

/// The line of the manifest that names the dependency, as near as text tells.
fn line(tree: &Tree, member: &Package, dependency: &Dependency) -> usize {
    let text = tree.files.get(&manifest(member));
    let names = |line: &str| {
        line.strip_prefix(&dependency.name)
            .is_some_and(|rest| rest.starts_with([' ', '.', '=']))
    };
    let found = text.and_then(|text| text.lines().position(names));
    found.map_or(1, |index| index + 1)
}

//! The fuzzers' corpora, replayed: what they once found stays tried.

use std::path::{Path, PathBuf};

use nearcall_transport::Target;
use nearcall_transport::authority::Filter;
use nearcall_transport::preface::{FIRST_BYTES_MAX, FirstBytes, Preface, decide};

use crate::wire::{filtered, whole};

/// The files of a corpus; an empty one is a fault, since replaying nothing proves nothing.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let entries = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("no corpus in {}: {error}", folder.display()));
    let files = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), std::fs::read(&path).unwrap()))
        .collect::<Vec<_>>();
    assert!(
        !files.is_empty(),
        "the corpus in {} is empty",
        folder.display()
    );
    files
}

#[test]
fn authority() {
    for (path, bytes) in corpus("authority") {
        // The fuzz target takes its first byte as the length of the pieces.
        let Some((&piece, bytes)) = bytes.split_first() else {
            continue;
        };
        let healed = whole(bytes);
        let cuts = (0..bytes.len())
            .step_by(usize::from(piece).max(1))
            .collect::<Vec<_>>();
        assert_eq!(
            filtered(Filter::new(), bytes, &cuts),
            healed,
            "{}",
            path.display()
        );
        assert!(healed.len() <= 2 * bytes.len(), "{}", path.display());
    }
}

#[test]
fn preface() {
    for (path, bytes) in corpus("preface") {
        let first = FirstBytes::new(&bytes);
        let undecided = decide(&first).is_none();
        assert!(
            !undecided || bytes.len() < FIRST_BYTES_MAX,
            "{}",
            path.display()
        );
        assert_eq!(
            decide(&first) == Some(Preface::Http2),
            bytes.starts_with(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        );
    }
}

#[test]
fn address() {
    for (path, bytes) in corpus("address") {
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(target) = text.parse::<Target>() {
            assert_eq!(target.to_string().parse(), Ok(target), "{}", path.display());
        }
    }
}

//! What nearcall-build writes, and what it says when it cannot.

mod descriptors;
mod errors;
mod files;
mod paths;

use std::collections::BTreeMap;

use nearcall_build::Builder;

/// What is generated, with `builder`'s options, from files of `tests/good`: content by name.
fn generated(builder: Builder, protos: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let protos = protos.iter().map(|name| format!("tests/good/{name}"));
    builder
        .out_dir(folder.path())
        .compile(protos, ["tests/good"])
        .expect("these files are good");
    let entries = folder.path().read_dir().expect("the folder");
    let contents = entries.map(|entry| {
        let entry = entry.expect("a file");
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        (name, std::fs::read(entry.path()).expect("its content"))
    });
    contents.collect()
}

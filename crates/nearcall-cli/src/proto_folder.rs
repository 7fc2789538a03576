//! The `.proto` files of a server, written into folders as its services import them: what generators take.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use prost_reflect::FileDescriptor;

use crate::output;
use crate::schema::print;

/// The files that these lead to, each once and these among them: those of every type that is used. Protobuf's own are
/// left out, since generators bring them.
pub(crate) fn needed_by(start: Vec<FileDescriptor>) -> Vec<FileDescriptor> {
    let mut files: Vec<FileDescriptor> = Vec::new();
    for file in start {
        if !files.contains(&file) {
            files.push(file);
        }
    }
    let mut next = 0;
    while let Some(file) = files.get(next) {
        for import in print::imports(file) {
            if !import.name().starts_with("google/protobuf/") && !files.contains(&import) {
                files.push(import);
            }
        }
        next += 1;
    }
    files
}

/// Writes files under a folder, and answers with their names.
///
/// # Errors
/// When a name leads out of the folder, or a file is there that was written by somebody else.
pub(crate) fn write(folder: &Path, files: &[FileDescriptor]) -> anyhow::Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for file in files {
        let path = folder.join(within(file.name())?);
        put(&path, &print::file(file), print::MARK)?;
        written.push(path);
    }
    Ok(written)
}

/// The name of a file as a server says it; servers are strangers, so it has to stay in its folder.
fn within(name: &str) -> anyhow::Result<&Path> {
    let path = Path::new(name);
    let is_plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if is_plain && !name.is_empty() && !name.contains(['\\', '\0', '\n']) {
        return Ok(path);
    }
    Err(output::failure(
        format!("the server names a file {name:?}, which leads out of its folder"),
        "ask its owner for the .proto files",
    ))
}

/// Writes a file, over one that was written by this command before and nobody else's.
///
/// # Errors
/// When another file is there, or it cannot be written.
pub(crate) fn put(path: &Path, text: &str, mark: &str) -> anyhow::Result<()> {
    match fs::read_to_string(path) {
        Ok(found) if found == text => return Ok(()),
        Ok(found) if !found.contains(mark) => {
            return Err(output::failure(
                format!("{} is there and says something else", path.display()),
                "name another folder, or take the file away",
            ));
        }
        _ => {}
    }
    let told = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(told)?;
    }
    fs::write(path, text).with_context(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::testing::kitchen;

    #[test]
    fn names_stay_in_their_folder() {
        let check = |name: &str, stays| assert_eq!(within(name).is_ok(), stays, "{name:?}");
        check("a.proto", true);
        check("a/v1/b.proto", true);
        check("/etc/a.proto", false);
        check("../a.proto", false);
        check("a/../../b.proto", false);
        check("", false);
        check("a\n.proto", false);
    }

    /// What is written compiles to what was read, and is not written over what is somebody else's.
    #[test]
    fn what_is_written_compiles_to_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let service = kitchen().get_service_by_name("t.Kitchen").unwrap();
        let files = needed_by(vec![service.parent_file()]);
        let written = write(folder.path(), &files).unwrap();
        assert_eq!(written, [folder.path().join("kitchen.proto")]);
        let set = protox::compile(["kitchen.proto"], [folder.path()]).unwrap();
        let compiled = set.file.iter().find(|file| file.name() == "kitchen.proto");
        let mut compiled = compiled.unwrap().clone();
        let mut expected = files[0].file_descriptor_proto().clone();
        compiled.source_code_info = None;
        expected.source_code_info = None;
        // Imports come in an order of their own.
        compiled.dependency.sort();
        expected.dependency.sort();
        assert_eq!(compiled, expected);
        write(folder.path(), &files).unwrap();
        fs::write(&written[0], "syntax = \"proto3\";").unwrap();
        assert!(write(folder.path(), &files).is_err());
    }
}

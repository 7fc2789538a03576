//! `nearcall new`: a project that builds, tests, and runs as it is.

mod project;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use anyhow::Context as _;
use clap::Args;

use crate::imp;
use crate::output::{self, bold, note};
use project::Project;
pub(crate) use project::dependency;

/// Make a project: proto, server, client, test.
#[derive(Debug, Args)]
#[command(after_help = "\
The project has one service with one method, a client, a test that makes real calls, and a nearcall.toml.
It depends on nearcall and nearcall-build alone; no protoc is needed.

Examples:
  nearcall new arena
  nearcall new arena --path games/arena-service")]
pub(crate) struct NewArgs {
    /// The service's name: lower-case letters, digits and `-`, up to 32 in all, a letter first
    name: String,

    /// The folder to make [default: ./NAME]
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

pub(crate) fn run(args: &NewArgs) -> anyhow::Result<ExitCode> {
    let project = Project::named(&args.name)?;
    let folder = args
        .path
        .clone()
        .unwrap_or_else(|| PathBuf::from(&args.name));
    write(&project, &folder)?;
    let folder = folder.display();
    output::line(format_args!("made {} in {folder}", bold(&args.name)))?;
    note("");
    note(format_args!("  cd {folder}"));
    note("  cargo test       # real calls over a socket");
    note("  nearcall up      # build it, run it, watch it");
    Ok(ExitCode::SUCCESS)
}

/// Writes the project beside its place first, so that the place has all of it or nothing.
fn write(project: &Project, folder: &Path) -> anyhow::Result<()> {
    let place = std::path::absolute(folder)
        .with_context(|| format!("{} is no path for a folder", folder.display()))?;
    let cannot = || format!("cannot make the project in {}", place.display());
    match fs::read_dir(&place).map(Iterator::count) {
        Ok(0) => {}
        Ok(_) => {
            return Err(output::failure(
                format!("{} is not empty", place.display()),
                "name another folder with --path, or empty this one",
            ));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(cannot),
    }
    let (Some(parent), Some(last)) = (place.parent(), place.file_name()) else {
        return Err(output::failure(
            cannot(),
            "name a folder that is not there yet",
        ));
    };
    fs::create_dir_all(parent).with_context(cannot)?;
    let mut draft = std::ffi::OsString::from(".");
    draft.push(last);
    draft.push(format!(".{}", std::process::id()));
    let draft = Draft(parent.join(draft));
    for (path, text) in project.files() {
        let path = draft.0.join(path);
        path.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .with_context(cannot)?;
        fs::write(path, text).with_context(cannot)?;
    }
    // An empty folder gives way to another folder; a file or a full folder does not.
    imp::rename_folder(&draft.0, &place).with_context(cannot)
}

/// A folder that is removed unless it was renamed.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files_below(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let path = path.strip_prefix(folder).unwrap();
                    found.push(path.to_str().unwrap().replace('\\', "/"));
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn a_project_is_written_whole() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("deep/arena");
        write(&Project::named("arena").unwrap(), &place).unwrap();
        insta::assert_debug_snapshot!(files_below(&place));
        assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 1);
    }

    #[test]
    fn an_empty_folder_is_filled_and_a_full_one_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::named("arena").unwrap();
        write(&project, folder.path()).unwrap();
        fs::write(folder.path().join("Cargo.toml"), "mine").unwrap();
        let error = write(&project, folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("is not empty"), "{error}");
        assert_eq!(
            fs::read_to_string(folder.path().join("Cargo.toml")).unwrap(),
            "mine"
        );
    }

    #[test]
    fn a_place_that_cannot_be_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let project = Project::named("arena").unwrap();
        assert!(write(&project, &file).is_err());
        assert!(write(&project, &file.join("below")).is_err());
        assert_eq!(files_below(folder.path()), ["file"]);
    }
}

//! What a compiler of `.proto` files lets pass, and a service on one machine cannot do with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prost_build::Module;
use prost_types::FileDescriptorProto;
use protox::file::{FileResolver as _, IncludeFileResolver};

use crate::error::{Error, ErrorKind};
use crate::report::Report;
use crate::schema::text_of;

/// The inputs exist, are below an include folder, and have different names. Answers with paths that begin with an
/// include folder.
pub(super) fn inputs(protos: &[PathBuf], includes: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    if protos.is_empty() {
        return Err(ErrorKind::NoInput.into());
    }
    let mut named: BTreeMap<String, &Path> = BTreeMap::new();
    let mut paths = Vec::new();
    for proto in protos {
        let (name, path) = find(proto, includes)?;
        if let Some(first) = named.insert(name.clone(), proto) {
            return Err(ErrorKind::SameName {
                name,
                first: first.to_owned(),
                second: proto.clone(),
            }
            .into());
        }
        paths.push(path);
    }
    Ok(paths)
}

/// The name by which imports know `proto`, and its path below the include folder.
fn find(proto: &Path, includes: &[PathBuf]) -> Result<(String, PathBuf), Error> {
    let path = proto.to_owned();
    if proto.is_dir() {
        return Err(ErrorKind::NotAFile { path }.into());
    }
    let below =
        |folder: &Path, path: &Path| IncludeFileResolver::new(folder.to_owned()).resolve_path(path);
    if proto.exists() {
        if let Some(name) = includes.iter().find_map(|folder| below(folder, proto)) {
            return Ok((name, path));
        }
        // One may be absolute and the other relative, or there is a link on the way.
        if let Ok(real) = proto.canonicalize() {
            for folder in includes {
                if let Some(name) = folder.canonicalize().ok().and_then(|it| below(&it, &real)) {
                    let path = folder.join(&name);
                    return Ok((name, path));
                }
            }
        }
        let includes = includes.to_vec();
        return Err(ErrorKind::NotIncluded { path, includes }.into());
    }
    // A path that is not there may be the name that imports use.
    if let Some(name) = proto.to_str()
        && let Some(path) = super::path_of(name, includes)
    {
        return Ok((name.to_owned(), path));
    }
    let folder = std::env::current_dir().unwrap_or_default();
    Err(ErrorKind::FileNotFound { path, folder }.into())
}

/// Services are in a package, and every package has a Rust module of its own.
pub(super) fn packages(files: &[FileDescriptorProto], includes: &[PathBuf]) -> Result<(), Error> {
    let mut modules: BTreeMap<Module, &str> = BTreeMap::new();
    for file in files {
        let package = file.package();
        if package.is_empty() && !file.service.is_empty() {
            return Err(no_package(file, includes));
        }
        let module = Module::from_protobuf_package_name(package);
        let first = *modules.entry(module.clone()).or_insert(package);
        if first != package {
            return Err(ErrorKind::SameModule {
                module: module.to_string(),
                first: first.to_owned(),
                second: package.to_owned(),
            }
            .into());
        }
    }
    Ok(())
}

fn no_package(file: &FileDescriptorProto, includes: &[PathBuf]) -> Error {
    let service = file.service[0].name().to_owned();
    let name = file.name();
    let text = text_of(name, includes).unwrap_or_else(|| (name.into(), String::new()));
    // `[6, 0, 1]` is the name of the first service, in the words of descriptor.proto.
    let span = span_of(file, &text.1, &[6, 0, 1]);
    let report = Report::new(format!("service '{service}' is in no package"))
        .help(format!(
            "callers reach a service by package and name; add a line such as `package {}.v1;`",
            suggestion(&service)
        ))
        .mark(&text, span, "this service");
    let place = report.place().unwrap_or_else(|| crate::Place {
        file: text.0.clone(),
        line: 1,
        column: 1,
    });
    Error::reported(ErrorKind::NoPackage { service, place }, &report)
}

/// The bytes of `text` that the part of `file` under `path` takes.
fn span_of(file: &FileDescriptorProto, text: &str, path: &[i32]) -> miette::SourceSpan {
    let location = file
        .source_code_info
        .iter()
        .flat_map(|info| &info.location)
        .find(|location| location.path == path);
    let Some([line, start, end]) = location.map(|it| it.span.as_slice()) else {
        return (0, 0).into();
    };
    let number = |it: &i32| usize::try_from(*it).unwrap_or_default();
    let line_start: usize = text
        .split_inclusive('\n')
        .take(number(line))
        .map(str::len)
        .sum();
    (
        line_start + number(start),
        number(end).saturating_sub(number(start)),
    )
        .into()
}

fn suggestion(service: &str) -> String {
    Module::from_protobuf_package_name(service).to_string()
}

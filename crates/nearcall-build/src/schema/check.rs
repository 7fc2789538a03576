//! What a compiler of `.proto` files lets pass, and a service on one machine cannot do with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prost_build::Module;
use prost_types::FileDescriptorProto;
use protox::file::{FileResolver as _, IncludeFileResolver};

use crate::error::{Error, ErrorKind, Place};
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

/// Services are in a package and have names that generated code can use, and every package has a Rust module of its own.
pub(super) fn packages(files: &[FileDescriptorProto], includes: &[PathBuf]) -> Result<(), Error> {
    let mut modules: BTreeMap<Module, &str> = BTreeMap::new();
    for file in files {
        let package = file.package();
        if let Some(error) = (0..file.service.len()).find_map(|index| fault(file, index, includes))
        {
            return Err(error);
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

/// Names of the traits and types that a generated server uses, which a trait of that name would hide.
const TAKEN: [&str; 15] = [
    "Arc",
    "B",
    "Body",
    "Box",
    "BoxFuture",
    "Clone",
    "CompressionEncoding",
    "Context",
    "EnabledCompressionEncodings",
    "InterceptedService",
    "Into",
    "Option",
    "Poll",
    "StdError",
    "T",
];

/// The error of the service that `file` declares as its `index`th, if there is one.
fn fault(file: &FileDescriptorProto, index: usize, includes: &[PathBuf]) -> Option<Error> {
    let service = file.service[index].name().to_owned();
    let (message, help) = if file.package().is_empty() {
        let package = Module::from_protobuf_package_name(&service);
        (
            format!("service '{service}' is in no package"),
            format!(
                "callers reach a service by package and name; add a line such as `package {package}.v1;`"
            ),
        )
    } else if TAKEN.contains(&service.as_str()) {
        (
            format!("service '{service}' is called as something that generated code uses"),
            format!("give it another name, such as `{service}Service`"),
        )
    } else {
        return None;
    };
    let name = file.name();
    let text = text_of(name, includes).unwrap_or_else(|| (name.into(), String::new()));
    // The path is that of the service's name, in the numbers of descriptor.proto.
    let span = span_of(
        file,
        &text.1,
        &[6, i32::try_from(index).unwrap_or_default(), 1],
    );
    let report = Report::new(message)
        .help(help)
        .mark(&text, span, "this service");
    let place = report.place().unwrap_or_else(|| Place {
        file: text.0.clone(),
        line: 1,
        column: 1,
    });
    let kind = match file.package().is_empty() {
        true => ErrorKind::NoPackage { service, place },
        false => ErrorKind::NameTaken { service, place },
    };
    Some(Error::reported(kind, &report))
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

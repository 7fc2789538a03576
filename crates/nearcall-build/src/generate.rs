//! From a schema to files of Rust.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::rc::Rc;

use prost_build::{Config, Module};
use prost_types::FileDescriptorProto;

use crate::builder::Builder;
use crate::error::{Error, ErrorKind};
use crate::schema::Schema;
use crate::service::{Services, Written};
use crate::{comments, quiet};

/// The file that includes every package in a module of its own. No package can be called so.
pub(crate) const MODULES: &str = "proto-modules.rs";

/// The packages that the facade has already, so that a user's messages hold its types: those of `proto/nearcall`.
const OWN: &str = "nearcall.";

/// What is to be written.
#[derive(Debug)]
pub(crate) struct Output {
    /// Name and content of every file.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

pub(crate) fn generate(options: &Builder, schema: &Schema) -> Result<Output, Error> {
    let runtime: syn::Path =
        syn::parse_str(&options.runtime).map_err(|source| ErrorKind::Option {
            option: "runtime",
            value: options.runtime.clone(),
            source: Box::new(source) as _,
        })?;
    let written = Rc::new(RefCell::new(Written::default()));
    let mut config = configure(options);
    let imported = own_imports(schema);
    for package in &imported {
        let path = package.trim_start_matches(OWN).replace('.', "::");
        config.extern_path(
            format!(".{package}"),
            format!("{}::proto::{path}", options.runtime),
        );
    }
    config.service_generator(Box::new(Services {
        runtime,
        client: options.client,
        server: options.server,
        blocking: options.blocking,
        written: Rc::clone(&written),
    }));

    let packages = packages(schema);
    let requests = schema.files.iter().map(|file| {
        let mut file = file.clone();
        comments::mark_code_as_text(&mut file);
        if imported.contains(file.package()) {
            file.service.clear();
        }
        (Module::from_protobuf_package_name(file.package()), file)
    });
    let generated = config
        .generate(requests.collect())
        .map_err(|source| ErrorKind::Option {
            option: "bytes",
            value: options.bytes.join(", "),
            source: Box::new(source),
        })?;
    let written = written.take();
    if let Some((service, source)) = written.failure {
        return Err(ErrorKind::Generated {
            name: service,
            source: Box::new(source),
        }
        .into());
    }

    let mut files = BTreeMap::new();
    let mut modules = BTreeMap::new();
    for (module, code) in generated {
        let package = &packages[&module];
        if imported.contains(package.name) {
            continue;
        }
        let name = format!("{}.rs", package.file_stem());
        files.insert(name.clone(), print(package, &code)?.into_bytes());
        modules.insert(module, name);
    }
    for (name, service) in written.descriptors {
        files.insert(name, schema.descriptors(&service));
    }
    files.insert(MODULES.to_owned(), print_modules(&modules).into_bytes());
    Ok(Output { files })
}

/// The packages of nearcall's own that files only import. Who asks for their files gets code for them.
fn own_imports(schema: &Schema) -> BTreeSet<&str> {
    let named = |file: &&FileDescriptorProto| schema.named.iter().any(|name| name == file.name());
    let asked: BTreeSet<&str> = schema
        .files
        .iter()
        .filter(named)
        .map(|file| file.package())
        .collect();
    let own = schema.files.iter().map(|file| file.package());
    own.filter(|package| package.starts_with(OWN) && !asked.contains(package))
        .collect()
}

fn configure(options: &Builder) -> Config {
    let mut config = Config::new();
    config
        .prost_path(format!("{}::prost", options.runtime))
        .prost_types_path(format!("{}::prost_types", options.runtime))
        .enable_type_names()
        .bytes(&options.bytes);
    config
}

/// A proto package of the run.
#[derive(Debug, Default)]
struct Package<'a> {
    name: &'a str,
    files: Vec<&'a str>,
}

impl Package<'_> {
    /// The package as the `.proto` spells it; `_` for files that name none.
    fn file_stem(&self) -> &str {
        if self.name.is_empty() { "_" } else { self.name }
    }
}

fn packages(schema: &Schema) -> BTreeMap<Module, Package<'_>> {
    let mut packages: BTreeMap<Module, Package<'_>> = BTreeMap::new();
    for file in &schema.files {
        let package = packages
            .entry(Module::from_protobuf_package_name(file.package()))
            .or_default();
        package.name = file.package();
        package.files.push(FileDescriptorProto::name(file));
    }
    packages
}

/// The code of a package, as it is written to disk.
fn print(package: &Package<'_>, code: &str) -> Result<String, Error> {
    let mut file = syn::parse_file(code).map_err(|source| ErrorKind::Generated {
        name: package.name.to_owned(),
        source: Box::new(source),
    })?;
    quiet::allow(&mut file);
    Ok(format!(
        "// @generated by nearcall-build from {}. Do not edit.\n\n{}",
        package.files.join(", "),
        prettyplease::unparse(&file),
    ))
}

/// Every package in a module of its own, as paths from one package to another expect it.
fn print_modules(modules: &BTreeMap<Module, String>) -> String {
    let mut text = "// @generated by nearcall-build. Do not edit.\n\n".to_owned();
    let mut open: Vec<&str> = Vec::new();
    for (module, file) in modules {
        let parts: Vec<&str> = module.parts().collect();
        while !parts.starts_with(&open) {
            open.pop();
            line(&mut text, open.len(), "}");
        }
        for part in &parts[open.len()..] {
            line(
                &mut text,
                open.len(),
                "#[allow(missing_docs, unreachable_pub, reason = \"generated code\")]",
            );
            line(&mut text, open.len(), &format!("pub mod {part} {{"));
            open.push(part);
        }
        line(&mut text, open.len(), &format!("include!(\"{file}\");"));
    }
    while open.pop().is_some() {
        line(&mut text, open.len(), "}");
    }
    text
}

fn line(text: &mut String, depth: usize, content: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{:1$}{content}", "", depth * 4);
}

//! What the `.proto` files say: read, linked and checked.

use std::path::{Path, PathBuf};

use prost_types::FileDescriptorProto;
use protox::Compiler;
use protox::prost_reflect::DescriptorPool;

use crate::error::Error;

mod check;
mod descriptors;
mod fault;

/// The files of a run.
#[derive(Debug)]
pub(crate) struct Schema {
    /// Every file, imports included.
    pool: DescriptorPool,
    /// The same, each after what it imports.
    pub(crate) files: Vec<FileDescriptorProto>,
    /// The names of the files that were asked for, as imports would call them.
    pub(crate) named: Vec<String>,
    /// The paths of the files that were read from disk, sorted.
    pub(crate) read: Vec<PathBuf>,
}

impl Schema {
    pub(crate) fn load(protos: &[PathBuf], includes: &[PathBuf]) -> Result<Self, Error> {
        let protos = check::inputs(protos, includes)?;
        let failed = |error| fault::explain(error, includes);
        let mut compiler = Compiler::new(includes).map_err(failed)?;
        compiler.include_imports(true).include_source_info(true);
        for proto in &protos {
            compiler.open_file(proto).map_err(failed)?;
        }
        let named = compiler.files().filter(|file| !file.is_import());
        let named = named.map(|file| file.name().to_owned()).collect();
        let mut read: Vec<PathBuf> = compiler
            .files()
            .filter_map(|file| file.path().map(Path::to_owned))
            .collect();
        read.sort();
        let files = compiler.file_descriptor_set().file;
        check::packages(&files, includes)?;
        Ok(Self {
            pool: compiler.descriptor_pool(),
            files,
            named,
            read,
        })
    }

    /// An encoded `google.protobuf.FileDescriptorSet` of the file that declares `service`, after all that it imports.
    ///
    /// Custom options are kept. Of the source positions only those with a comment are, so that a reflecting client can
    /// show the comments without the descriptors growing severalfold.
    pub(crate) fn descriptors(&self, service: &str) -> Vec<u8> {
        self.pool
            .get_service_by_name(service)
            .map(|service| descriptors::encode(&service.parent_file()))
            .unwrap_or_default()
    }
}

/// The path on disk of the file that imports call `name`.
fn path_of(name: &str, includes: &[PathBuf]) -> Option<PathBuf> {
    includes
        .iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// The path and the text of the file that imports call `name`.
fn text_of(name: &str, includes: &[PathBuf]) -> Option<(PathBuf, String)> {
    let path = path_of(name, includes)?;
    let text = std::fs::read_to_string(&path).ok()?;
    Some((path, text))
}

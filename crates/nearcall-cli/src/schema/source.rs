//! Descriptors from files, for servers without reflection.

use std::path::{Path, PathBuf};

use clap::Args;
use prost_reflect::{DescriptorError, DescriptorPool};

/// Limit: bytes of one descriptor file that is read.
const PROTOSET_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Where descriptors come from when not from the server.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Servers without reflection")]
pub(crate) struct Files {
    /// Take the types from a file of descriptors (`protoc -o FILE --include_imports`)
    #[arg(long, value_name = "FILE")]
    protoset: Vec<PathBuf>,
    /// Take the types from a .proto file
    #[arg(long, value_name = "FILE")]
    proto: Vec<PathBuf>,
    /// Where .proto files and their imports are; the file's own folder when not given
    #[arg(short = 'I', long = "include", value_name = "DIR", requires = "proto")]
    include: Vec<PathBuf>,
}

/// Why the types could not be taken from files.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// The file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is longer than a file of descriptors is.
    #[error("{} has {found} bytes, a file of descriptors may have {limit}", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// The file is not made of descriptors, or they do not fit together.
    #[error(
        "{} is not a file of descriptors with its imports (make it with `protoc -o FILE --include_imports`)",
        path.display()
    )]
    Protoset {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: Box<DescriptorError>,
    },
    /// A `.proto` does not compile.
    #[error("the .proto does not compile")]
    Proto(#[source] Box<protox::Error>),
    /// What was compiled does not fit together with the rest.
    #[error("the .proto does not fit together with the other files")]
    Together(#[source] Box<DescriptorError>),
}

impl Files {
    /// Whether any file was named.
    pub(crate) const fn is_empty(&self) -> bool {
        self.protoset.is_empty() && self.proto.is_empty()
    }

    /// Reads all of them.
    pub(crate) fn pool(&self) -> Result<DescriptorPool, FileError> {
        let mut pool = DescriptorPool::global();
        for path in &self.protoset {
            let bytes = read(path)?;
            pool.decode_file_descriptor_set(bytes.as_slice())
                .map_err(|source| FileError::Protoset {
                    path: path.clone(),
                    source: source.into(),
                })?;
        }
        if !self.proto.is_empty() {
            let set = self
                .compile()
                .map_err(|error| FileError::Proto(error.into()))?;
            pool.decode_file_descriptor_set(set.as_slice())
                .map_err(|error| FileError::Together(error.into()))?;
        }
        Ok(pool)
    }

    fn compile(&self) -> Result<Vec<u8>, protox::Error> {
        let mut include = self.include.clone();
        if include.is_empty() {
            include.extend(self.proto.iter().map(|file| folder(file)));
        }
        let mut compiler = protox::Compiler::new(include)?;
        compiler.include_imports(true).include_source_info(true);
        compiler.open_files(&self.proto)?;
        Ok(compiler.encode_file_descriptor_set())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let failed = |source| FileError::Read {
        path: path.to_owned(),
        source,
    };
    let found = std::fs::metadata(path).map_err(failed)?.len();
    if found > PROTOSET_BYTES_MAX {
        return Err(FileError::TooLong {
            path: path.to_owned(),
            found,
            limit: PROTOSET_BYTES_MAX,
        });
    }
    std::fs::read(path).map_err(failed)
}

fn folder(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{KITCHEN, kitchen};
    use super::*;

    #[test]
    fn a_proto_and_its_descriptors_say_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let proto = folder.path().join("kitchen.proto");
        let protoset = folder.path().join("kitchen.bin");
        std::fs::write(&proto, KITCHEN).unwrap();
        std::fs::write(&protoset, kitchen().encode_to_vec()).unwrap();
        let from_proto = Files {
            proto: vec![proto],
            ..Files::default()
        };
        let from_protoset = Files {
            protoset: vec![protoset],
            ..Files::default()
        };
        for files in [from_proto, from_protoset] {
            let pool = files.pool().unwrap();
            assert!(pool.get_service_by_name("t.Kitchen").is_some(), "{files:?}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let check = |content: Option<&str>, files: Files, expected: &str| {
            match content {
                Some(content) => std::fs::write(&path, content).unwrap(),
                None => drop(std::fs::remove_file(&path)),
            }
            let error = files.pool().unwrap_err().to_string();
            let error = error.replace(&path.display().to_string(), "x");
            assert!(error.starts_with(expected), "{error}");
        };
        let protoset = || Files {
            protoset: vec![path.clone()],
            ..Files::default()
        };
        let proto = || Files {
            proto: vec![path.clone()],
            ..Files::default()
        };
        check(None, protoset(), "cannot read x");
        check(Some("{}"), protoset(), "x is not a file of descriptors");
        check(Some("message {"), proto(), "the .proto does not compile");
    }
}

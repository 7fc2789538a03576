//! The options of a run, and the run itself.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};
use crate::generate::{self, Output};
use crate::schema::Schema;

/// Where generated code of a user's crate finds the runtime.
pub(crate) const RUNTIME: &str = "::nearcall::codegen";

/// The options of a run. [`compile`](crate::compile) is a run with the defaults.
///
/// ```no_run
/// # fn main() -> Result<(), nearcall_build::Error> {
/// nearcall_build::Builder::new()
///     .server(false)
///     .compile(["proto/arith.proto"], ["proto"])
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `compile` is called"]
pub struct Builder {
    pub(crate) out_dir: Option<PathBuf>,
    pub(crate) runtime: String,
    pub(crate) client: bool,
    pub(crate) server: bool,
    pub(crate) blocking: bool,
    pub(crate) bytes: Vec<String>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            out_dir: None,
            runtime: RUNTIME.to_owned(),
            client: true,
            server: true,
            blocking: true,
            bytes: Vec::new(),
        }
    }
}

impl Builder {
    /// A run with the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The folder to write to; it is made when it does not exist.
    ///
    /// By default it is the one cargo names for the crate being built (`OUT_DIR`), and cargo is told which `.proto`
    /// files to watch. With a folder of your own nothing is printed: use it for generated code that is committed.
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(folder.into());
        self
    }

    /// The path under which generated code finds `tonic`, `prost` and the tables.
    ///
    /// `::nearcall::codegen` by default. Give another when the crate is renamed in your `Cargo.toml`.
    pub fn runtime(mut self, path: impl Into<String>) -> Self {
        self.runtime = path.into();
        self
    }

    /// Whether to generate clients; they are by default.
    pub fn client(mut self, generate: bool) -> Self {
        self.client = generate;
        self
    }

    /// Whether to generate servers; they are by default.
    pub fn server(mut self, generate: bool) -> Self {
        self.server = generate;
        self
    }

    /// Whether to generate, beside each client, one for programs without an async runtime; they are by default.
    pub fn blocking(mut self, generate: bool) -> Self {
        self.blocking = generate;
        self
    }

    /// Gives the `bytes` fields under these paths the type `Bytes`, which is cloned without copying, instead of
    /// `Vec<u8>`.
    ///
    /// A path is a package, message or field with a leading dot, such as `.assets.v1.Chunk.data`; `.` is every field.
    pub fn bytes(mut self, paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.bytes.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Reads the `.proto` files, and writes the generated code.
    ///
    /// A file is left untouched when its content would not change. What is written: one file per proto package, named
    /// by it (`arith.v1.rs`), one file of descriptors per service (`arith.v1.Arith.binpb`), and `proto-modules.rs`,
    /// which includes every package in a module of its own (`arith::v1`).
    ///
    /// # Errors
    ///
    /// As [`compile`](crate::compile).
    pub fn compile(
        &self,
        protos: impl IntoIterator<Item = impl AsRef<Path>>,
        includes: impl IntoIterator<Item = impl AsRef<Path>>,
    ) -> Result<(), Error> {
        let protos = owned(protos);
        let includes = owned(includes);
        let folder = match &self.out_dir {
            Some(folder) => folder.clone(),
            None => std::env::var_os("OUT_DIR")
                .map(PathBuf::from)
                .ok_or(ErrorKind::NoOutDir)?,
        };
        let schema = Schema::load(&protos, &includes)?;
        if self.out_dir.is_none() {
            let stdout = io::stdout().lock();
            watch(&schema, stdout).map_err(|source| ErrorKind::Print { source })?;
        }
        write(&folder, &generate::generate(self, &schema)?)
    }
}

fn owned(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Vec<PathBuf> {
    paths
        .into_iter()
        .map(|path| path.as_ref().to_owned())
        .collect()
}

/// Tells cargo to run the build script again when a `.proto` file that was read changes.
fn watch(schema: &Schema, mut cargo: impl io::Write) -> io::Result<()> {
    for path in &schema.read {
        writeln!(cargo, "cargo:rerun-if-changed={}", path.display())?;
    }
    Ok(())
}

fn write(folder: &Path, output: &Output) -> Result<(), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ErrorKind::Write { path, source }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    for (name, content) in &output.files {
        let path = folder.join(name);
        // An unchanged file keeps its time, so that cargo compiles nothing for it.
        if std::fs::read(&path).is_ok_and(|old| old == *content) {
            continue;
        }
        std::fs::write(&path, content).map_err(failed(&path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_watches_inputs_and_imports() {
        let schema =
            Schema::load(&["tests/good/shop.proto".into()], &["tests/good".into()]).unwrap();
        let mut printed = Vec::new();
        watch(&schema, &mut printed).unwrap();
        assert_eq!(
            String::from_utf8(printed).unwrap().replace('\\', "/"),
            "cargo:rerun-if-changed=tests/good/options.proto\ncargo:rerun-if-changed=tests/good/shop.proto\n"
        );
    }
}

//! What can go wrong in a run.

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;

use crate::report::Report;

/// Why no code was generated.
///
/// `Debug` and `Display` are the same report for people: what is wrong, where (file, line, column, and the line itself
/// with a mark below it), and what to do. [`kind`](Self::kind) has the facts.
pub struct Error {
    kind: Box<ErrorKind>,
    report: String,
}

/// The facts of an [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No file was named.
    #[error("no .proto file was given")]
    NoInput,
    /// A file was named twice, or two include folders have a file that imports would call by the same name.
    #[error("two inputs have the same name, '{name}': {} and {}", .first.display(), .second.display())]
    SameName {
        /// The name by which imports know the file: its path below the include folder.
        name: String,
        /// The input that was named first.
        first: PathBuf,
        /// The input that was named later.
        second: PathBuf,
    },
    /// No such file.
    #[error("file '{}' not found", .path.display())]
    FileNotFound {
        /// The path, as it was given.
        path: PathBuf,
        /// The folder it is relative to.
        folder: PathBuf,
    },
    /// There is something of that name, but it is not a file.
    #[error("'{}' is not a file", .path.display())]
    NotAFile {
        /// The path, as it was given.
        path: PathBuf,
    },
    /// The file is there, but not below one of the include folders, so it has no name that imports could use.
    #[error("file '{}' is not below an include folder", .path.display())]
    NotIncluded {
        /// The path, as it was given.
        path: PathBuf,
        /// The include folders.
        includes: Vec<PathBuf>,
    },
    /// A file imports one that is in none of the include folders.
    #[error("import '{import}' not found")]
    ImportNotFound {
        /// The import, as it is written.
        import: String,
        /// Where it is written.
        place: Place,
        /// The include folders that were searched.
        includes: Vec<PathBuf>,
    },
    /// A file does not parse, or does not fit together with those it imports.
    #[error("{message}")]
    Proto {
        /// What is wrong.
        message: String,
        /// Where; `None` when it is not at one place.
        place: Option<Place>,
        /// The compiler's own error.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A service that is in no package cannot be told from another program's service of that name.
    #[error("service '{service}' is in no package")]
    NoPackage {
        /// Name of the service.
        service: String,
        /// Where it is declared.
        place: Place,
    },
    /// The trait that is generated for a service would hide something that the generated code around it uses.
    #[error("service '{service}' is called as something that generated code uses")]
    NameTaken {
        /// Name of the service.
        service: String,
        /// Where it is declared.
        place: Place,
    },
    /// Two packages would become the same Rust module.
    #[error("packages '{first}' and '{second}' both become the Rust module '{module}'")]
    SameModule {
        /// The module.
        module: String,
        /// One package.
        first: String,
        /// The other.
        second: String,
    },
    /// Cargo did not say where to write.
    #[error("the variable OUT_DIR is not set")]
    NoOutDir,
    /// Cargo could not be told which files to watch.
    #[error("cannot print to cargo")]
    Print {
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A generated file could not be written.
    #[error("cannot write '{}'", .path.display())]
    Write {
        /// The file, or the folder it goes into.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// An option of the [`Builder`](crate::Builder) has a value that cannot be used.
    #[error("option `{option}` is '{value}', which cannot be used")]
    Option {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The code of a package or service came out wrong; this is a fault of the generator.
    #[error("the code generated for '{name}' is not Rust")]
    Generated {
        /// The package or service.
        name: String,
        /// What is wrong with the code.
        source: Box<dyn StdError + Send + Sync>,
    },
}

/// A place in a `.proto` file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The file, as a path that can be opened.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1 in bytes.
    pub column: usize,
}

impl Error {
    /// The facts.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// An error whose report shows more than its facts.
    pub(crate) fn reported(kind: ErrorKind, report: &Report) -> Self {
        Self {
            report: report.render(),
            kind: Box::new(kind),
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        let report = Report::of(&kind);
        Self::reported(kind, &report)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `main` prints `Error: ` before this; the report begins on a line of its own.
        write!(f, "\n{}", self.report)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.kind.source()
    }
}

//! Errors as people read them in a build log: no colours, plain characters, the source line with a mark below it.

use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
    SourceSpan,
};

use crate::error::{ErrorKind, Place};

/// How many lines are shown before and after the one that is marked.
const CONTEXT_LINES: usize = 1;

/// A report that is to be rendered.
#[derive(Debug, Default)]
pub(crate) struct Report {
    message: String,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    source: Option<NamedSource<String>>,
    related: Vec<Self>,
}

impl Report {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// The report of an error that is at no place in a file.
    pub(crate) fn of(kind: &ErrorKind) -> Self {
        let mut message = kind.to_string();
        let mut cause = kind.source();
        while let Some(error) = cause {
            message.push_str(": ");
            message.push_str(&error.to_string());
            cause = error.source();
        }
        Self {
            help: help(kind),
            ..Self::new(message)
        }
    }

    /// The report of a compiler's error; `file` is where it was found, as a path that can be opened, and its text.
    pub(crate) fn of_diagnostic(
        diagnostic: &dyn Diagnostic,
        file: Option<&(PathBuf, String)>,
    ) -> Self {
        let related = diagnostic.related().into_iter().flatten();
        Self {
            message: diagnostic.to_string(),
            help: diagnostic.help().map(|help| help.to_string()),
            labels: diagnostic.labels().into_iter().flatten().collect(),
            source: file.map(|(path, text)| source(path, text)),
            related: related.map(|it| Self::of_diagnostic(it, file)).collect(),
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Puts a mark below `span` in the text of `file`.
    pub(crate) fn mark(mut self, file: &(PathBuf, String), span: SourceSpan, label: &str) -> Self {
        self.source = Some(source(&file.0, &file.1));
        self.labels = vec![LabeledSpan::new_with_span(Some(label.to_owned()), span)];
        self
    }

    /// Moves the marks of a report whose columns are bytes, as descriptors count them, but were taken for characters.
    pub(crate) fn with_columns_as_bytes(mut self) -> Self {
        let text = self
            .source
            .as_ref()
            .map_or("", |source| source.inner().as_str());
        for label in &mut self.labels {
            let line_start = line_start(text, label.offset());
            let Some(before) = text.get(line_start..label.offset()) else {
                continue;
            };
            let span = (line_start + before.chars().count(), label.len());
            *label = LabeledSpan::new_with_span(label.label().map(str::to_owned), span);
        }
        self.related = self
            .related
            .into_iter()
            .map(Self::with_columns_as_bytes)
            .collect();
        self
    }

    /// The place of the first mark.
    pub(crate) fn place(&self) -> Option<Place> {
        let source = self.source.as_ref()?;
        let label = self.labels.first()?;
        let text = source.inner();
        Some(Place {
            file: PathBuf::from(source.name()),
            line: text.get(..label.offset())?.matches('\n').count() + 1,
            column: label.offset() - line_start(text, label.offset()) + 1,
        })
    }

    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        let rendered = GraphicalReportHandler::new_themed(GraphicalTheme::none())
            .with_links(false)
            .with_context_lines(CONTEXT_LINES)
            .with_wrap_lines(false)
            .without_cause_chain()
            .render_report(&mut text, self);
        match rendered {
            Ok(()) => text,
            // Only a span outside its text fails; the message is still true.
            Err(fmt::Error) => self.message.clone(),
        }
    }
}

/// Where the line begins in which `offset` is.
fn line_start(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or_default();
    before.rfind('\n').map_or(0, |at| at + 1)
}

fn source(path: &Path, text: &str) -> NamedSource<String> {
    NamedSource::new(path.display().to_string(), text.to_owned())
}

fn help(kind: &ErrorKind) -> Option<String> {
    Some(match kind {
        ErrorKind::SameName { .. } => {
            "imports call a file by its path below an include folder; name each input once, and give the folders so \
             that the paths differ"
                .to_owned()
        }
        ErrorKind::FileNotFound { folder, .. } => format!("the path is relative to {}", folder.display()),
        ErrorKind::NotIncluded { includes, .. } => format!(
            "include folders: {}; add the folder that the file's imports are relative to",
            list(includes)
        ),
        ErrorKind::SameModule { .. } => {
            "write package names in lower_snake_case; two that differ only in case or underscores need another name"
                .to_owned()
        }
        ErrorKind::NoInput => "name the files that define your services, such as `proto/arith/v1/arith.proto`".to_owned(),
        ErrorKind::NotAFile { .. } => "name each `.proto` file; folders belong to the includes".to_owned(),
        ErrorKind::NoOutDir => "call this from a build.rs, or give a folder with `Builder::out_dir`".to_owned(),
        ErrorKind::Generated { .. } => "this is a fault of nearcall-build, please report it".to_owned(),
        _ => return None,
    })
}

/// Folders, as a sentence lists them, with a word on those that are not there.
pub(crate) fn list(folders: &[PathBuf]) -> String {
    match folders {
        [] => "none".to_owned(),
        folders => {
            let names = folders.iter().map(|folder| match folder.is_dir() {
                true => folder.display().to_string(),
                false => format!("{} (which does not exist)", folder.display()),
            });
            names.collect::<Vec<_>>().join(", ")
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Report {}

impl Diagnostic for Report {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(
            self.related.iter().map(|it| it as &dyn Diagnostic),
        ))
    }
}

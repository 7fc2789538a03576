//! Everything that is printed goes through here: stdout is for answers, stderr for what a person should know.
//!
//! Colours appear on a terminal only and never under `NO_COLOR`; a reader that closes the pipe ends the command quietly.

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Color, Style};
use comfy_table::{Attribute, Cell, ContentArrangement, Table, presets};
use serde::Serialize;

/// The exit status of a command whose reader went away: what a shell reports for SIGPIPE.
const BROKEN_PIPE_STATUS: u8 = 141;

/// How many spaces are between two columns.
const COLUMN_GAP: u16 = 3;

/// Writes one line to stdout.
pub(crate) fn line(text: impl Display) -> io::Result<()> {
    writeln!(anstream::stdout().lock(), "{text}")
}

/// Writes bytes to stdout as they are.
pub(crate) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Writes text to stdout whose colours are what it is about: they go wherever it goes, whatever `NO_COLOR` says. A console of
/// Windows is told to understand them.
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
pub(crate) fn drawing(text: &str) -> io::Result<()> {
    let mut stdout = anstream::AutoStream::always_ansi(io::stdout().lock());
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Writes one line to stderr: progress, advice, warnings. A closed stderr is nobody's failure.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Writes a value to stdout as indented JSON.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?)?;
    Ok(())
}

/// Writes a value to stdout as one line of JSON, for streams of values.
pub(crate) fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string(value)?)?;
    Ok(())
}

/// A table without lines, one row per line, as `ps` prints: easy on the eye and on `awk`.
pub(crate) fn table<'a>(columns: impl IntoIterator<Item = &'a str>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(
        columns
            .into_iter()
            .map(|column| Cell::new(column.to_uppercase()).add_attribute(Attribute::Bold)),
    );
    // anstream decides on colours, so that there is one rule for tables and everything else.
    table.enforce_styling();
    for column in table.column_iter_mut() {
        column.set_padding((0, COLUMN_GAP));
    }
    if let Some(last) = table
        .column_count()
        .checked_sub(1)
        .and_then(|last| table.column_mut(last))
    {
        last.set_padding((0, 0));
    }
    table
}

/// Writes a table to stdout.
pub(crate) fn print_table(table: &Table) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    for row in table.lines() {
        writeln!(stdout, "{}", row.trim_end())?;
    }
    Ok(())
}

/// Text in a colour, which is dropped where colours are not wanted.
pub(crate) fn paint(color: AnsiColor, text: impl Display) -> String {
    let style = Style::new().fg_color(Some(Color::Ansi(color)));
    format!("{style}{text}{style:#}")
}

/// Text in bold, which is dropped where colours are not wanted.
pub(crate) fn bold(text: impl Display) -> String {
    let style = Style::new().bold();
    format!("{style}{text}{style:#}")
}

/// A failure together with what to do about it. Attach it with `anyhow`'s `context`.
#[derive(Debug)]
pub(crate) struct Advised {
    what: String,
    advice: String,
}

impl Display for Advised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// What failed, and what to do about it.
pub(crate) fn advised(what: impl Into<String>, advice: impl Into<String>) -> Advised {
    Advised {
        what: what.into(),
        advice: advice.into(),
    }
}

/// A new error that says what failed and what to do about it.
pub(crate) fn failure(what: impl Into<String>, advice: impl Into<String>) -> anyhow::Error {
    anyhow::Error::msg(advised(what, advice))
}

/// Tells a failure: a line saying what failed, then its causes, then what to do.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if error.chain().any(is_broken_pipe) {
        return ExitCode::from(BROKEN_PIPE_STATUS);
    }
    let mut causes = error.chain().map(ToString::to_string);
    let first = causes.next().unwrap_or_default();
    note(format!("{} {first}", bold(paint(AnsiColor::Red, "error:"))));
    let mut last = first;
    for cause in causes {
        // An error that repeats its source's words is told once.
        if !last.contains(&cause) {
            note(format!("  because: {cause}"));
        }
        last = cause;
    }
    if let Some(advised) = error.downcast_ref::<Advised>() {
        note(format!(
            "  {} {}",
            paint(AnsiColor::Cyan, "try:"),
            advised.advice
        ));
    }
    ExitCode::FAILURE
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

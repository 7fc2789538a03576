//! What services print, on the terminal: each line behind the name of its service, in the service's colour.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anstyle::AnsiColor;

use crate::log_file::{Record, Source};
use crate::names::ServiceName;
use crate::output::paint;
use crate::supervise::Shown;

/// How many lines may wait for a slow terminal; further ones are only in the log, and the terminal says how many.
const QUEUE_LINES_MAX: usize = 1024;

/// How long the last lines may take to be written.
const FINISH_WAIT: Duration = Duration::from_secs(1);

/// Colours that are read well on light and dark ground; a service keeps the one that its place gives it.
const COLORS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Magenta,
    AnsiColor::Green,
    AnsiColor::Blue,
    AnsiColor::Yellow,
    AnsiColor::BrightBlack,
];

/// Names in colours, all of one width.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    names: Vec<ServiceName>,
    width: usize,
}

impl Names {
    /// The names that will be shown, in the order that gives them their colours.
    pub(crate) fn new(names: impl IntoIterator<Item = ServiceName>) -> Self {
        let names: Vec<_> = names.into_iter().collect();
        let width = names.iter().map(|name| name.as_str().len()).max();
        Self {
            names,
            width: width.unwrap_or_default(),
        }
    }

    /// The name as it stands before a line.
    pub(crate) fn prefix(&self, name: &ServiceName) -> String {
        let place = self.names.iter().position(|known| known == name);
        let color = COLORS[place.unwrap_or_default() % COLORS.len()];
        paint(
            color,
            format_args!("{:<width$} |", name.as_str(), width = self.width),
        )
    }

    /// A record as a line.
    pub(crate) fn line(&self, name: &ServiceName, record: &Record) -> String {
        let mut line = self.prefix(name);
        // A service may write what moves the cursor; only its colours are let through.
        let text = without_controls(&record.text);
        match record.source {
            Source::Out | Source::Err => _ = write!(line, " {text}"),
            Source::Sup => {
                _ = write!(
                    line,
                    " {}",
                    paint(AnsiColor::BrightBlack, format_args!("* {text}"))
                );
            }
        }
        line
    }
}

/// Takes out what would move the cursor or ring the bell. Colours (`ESC [ … m`) stay, with an end behind them.
fn without_controls(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    let mut colored = false;
    while let Some(at) = rest.find(|c: char| c.is_control() && c != '\t') {
        clean.push_str(&rest[..at]);
        let code = &rest[at..];
        let sequence = code.strip_prefix("\u{1b}[").and_then(|code| {
            let end = code.find(|c: char| !c.is_ascii_digit() && c != ';')?;
            code[end..].starts_with('m').then_some(end + 3)
        });
        if let Some(len) = sequence {
            clean.push_str(&code[..len]);
            colored = true;
            rest = &code[len..];
        } else {
            rest = code.trim_start_matches(|c: char| c.is_control() && c != '\t' && c != '\u{1b}');
            rest = rest.strip_prefix('\u{1b}').unwrap_or(rest);
        }
    }
    clean.push_str(rest);
    if colored {
        clean.push_str("\u{1b}[0m");
    }
    clean
}

/// The thread that writes to the terminal, so that a terminal that is held holds nothing else.
#[derive(Debug)]
pub(crate) struct Mirror {
    lines: Option<SyncSender<Shown>>,
    thread: Option<JoinHandle<()>>,
}

impl Mirror {
    /// Starts the thread.
    pub(crate) fn start(names: Names) -> Self {
        let (lines, incoming) = sync_channel::<Shown>(QUEUE_LINES_MAX);
        let thread = std::thread::spawn(move || {
            for shown in incoming {
                let mut stdout = anstream::stdout().lock();
                let mut text = String::new();
                if shown.lost > 0 {
                    let prefix = names.prefix(&shown.name);
                    _ = writeln!(
                        text,
                        "{prefix} ... {} lines are only in the log",
                        shown.lost
                    );
                }
                _ = writeln!(text, "{}", names.line(&shown.name, &shown.record));
                // Nobody reads any more: lines still go to the log.
                if stdout.write_all(text.as_bytes()).is_err() {
                    break;
                }
            }
        });
        Self {
            lines: Some(lines),
            thread: Some(thread),
        }
    }

    /// Where lines are handed in.
    pub(crate) fn lines(&self) -> Option<SyncSender<Shown>> {
        self.lines.clone()
    }

    /// Waits until what was handed in is written, for a while: a terminal that is held must not hold the end either.
    /// Every other holder of [`lines`](Self::lines) has to be gone, or on its way.
    pub(crate) async fn finish(mut self) {
        self.lines = None;
        if let Some(thread) = self.thread.take() {
            // Beside the runtime, which still has to drop the tasks that hold the other ends.
            let joined = tokio::task::spawn_blocking(|| thread.join());
            let _ = tokio::time::timeout(FINISH_WAIT, joined).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_stay_and_the_cursor_does_not_move() {
        let check = |text, expected| assert_eq!(without_controls(text), expected, "{text:?}");
        check("plain\ttext", "plain\ttext");
        check(
            "\u{1b}[1;31mred\u{1b}[0m",
            "\u{1b}[1;31mred\u{1b}[0m\u{1b}[0m",
        );
        check("a\u{1b}[2Jb\rc\u{7}", "a[2Jbc");
        check("\u{1b}", "");
        check("\u{1b}[", "[");
        check("\u{1b}]0;title\u{7}x", "]0;titlex");
    }

    #[test]
    fn names_are_padded_to_one_width() {
        let name = |name: &str| name.parse::<ServiceName>().unwrap();
        let names = Names::new([name("db"), name("arith")]);
        let record = Record::now(Source::Out, "hello");
        let line = names.line(&name("db"), &record);
        assert_eq!(
            anstream::adapter::strip_str(&line).to_string(),
            "db    | hello"
        );
        assert_ne!(names.prefix(&name("db")), names.prefix(&name("arith")));
    }
}

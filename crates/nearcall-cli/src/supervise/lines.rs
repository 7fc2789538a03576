//! From a process's pipes to its log and, when someone watches, to the terminal.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::log_file::{LINE_LEN_MAX, Record, Source, Writer};
use crate::names::ServiceName;

/// How many bytes are read from a pipe at once.
const READ_LEN: usize = 8 * 1024;

/// A line on its way to the terminal.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    /// Whose line it is.
    pub(crate) name: ServiceName,
    /// The line.
    pub(crate) record: Record,
    /// How many lines before this one found no room in the queue to the terminal.
    pub(crate) lost: u64,
}

/// Where the lines of one service go. Clones write to the same place.
#[derive(Debug, Clone)]
pub(crate) struct LogSink {
    name: ServiceName,
    file: Arc<Mutex<Writer>>,
    terminal: Option<SyncSender<Shown>>,
    lost: Arc<AtomicU64>,
}

impl LogSink {
    /// Lines go to `file` and, as far as there is room, to `terminal`: a terminal that is held must not hold a service.
    pub(crate) fn new(
        name: ServiceName,
        file: Writer,
        terminal: Option<SyncSender<Shown>>,
    ) -> Self {
        Self {
            name,
            file: Arc::new(Mutex::new(file)),
            terminal,
            lost: Arc::default(),
        }
    }

    /// Keeps and shows one line.
    pub(crate) fn write(&self, source: Source, text: impl Into<String>) {
        let record = Record::now(source, text);
        // A full disk costs lines of the log and nothing else: a service must not end because of it.
        let _ = self
            .file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(&record);
        let Some(terminal) = &self.terminal else {
            return;
        };
        let shown = Shown {
            name: self.name.clone(),
            record,
            lost: self.lost.swap(0, Ordering::Relaxed),
        };
        if let Err(TrySendError::Full(shown)) = terminal.try_send(shown) {
            self.lost.fetch_add(shown.lost + 1, Ordering::Relaxed);
        }
    }

    /// Writes the lines of a pipe until its end.
    pub(crate) async fn copy(self, mut pipe: impl AsyncRead + Unpin, source: Source) {
        let mut pending = Vec::with_capacity(READ_LEN);
        let mut chunk = [0; READ_LEN];
        // A pipe that fails is at its end.
        while let Ok(len @ 1..) = pipe.read(&mut chunk).await {
            pending.extend_from_slice(&chunk[..len]);
            take_lines(&mut pending, |line| self.write(source, line));
        }
        if !pending.is_empty() {
            self.write(source, text_of(&pending));
        }
    }
}

/// Takes whole lines off the front of `pending`, and pieces of a line that is longer than it may be.
fn take_lines(pending: &mut Vec<u8>, mut each: impl FnMut(String)) {
    let mut start = 0;
    loop {
        let rest = &pending[start..];
        let (end, next) = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) if end <= LINE_LEN_MAX => (end, end + 1),
            None if rest.len() <= LINE_LEN_MAX => break,
            _ => (LINE_LEN_MAX, LINE_LEN_MAX),
        };
        each(text_of(&rest[..end]));
        start += next;
    }
    pending.drain(..start);
}

fn text_of(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_their_ends_and_at_the_limit() {
        let check = |chunks: &[&[u8]], expected: &[&str], rest: usize| {
            let mut pending = Vec::new();
            let mut lines = Vec::new();
            for chunk in chunks {
                pending.extend_from_slice(chunk);
                take_lines(&mut pending, |line| lines.push(line));
            }
            assert_eq!(lines, expected);
            assert_eq!(pending.len(), rest);
        };
        check(&[b"a\nb\n"], &["a", "b"], 0);
        check(&[b"a", b"b\n\nc"], &["ab", ""], 1);
        check(&[b"dos\r\n"], &["dos"], 0);
        check(&[b"bad \xff\n"], &["bad \u{fffd}"], 0);
        let long = vec![b'x'; LINE_LEN_MAX + 5];
        let piece = "x".repeat(LINE_LEN_MAX);
        check(&[&long], &[&piece], 5);
        check(&[&long, b"\n"], &[&piece, "xxxxx"], 0);
    }

    #[test]
    fn a_held_terminal_costs_lines_and_says_how_many() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let (terminal, lines) = std::sync::mpsc::sync_channel(2);
        let sink = LogSink::new(
            "a".parse().unwrap(),
            Writer::open(&path, 1 << 20, 1).unwrap(),
            Some(terminal),
        );
        for n in 0..5 {
            sink.write(Source::Out, n.to_string());
        }
        let shown: Vec<_> = lines.try_iter().map(|shown| shown.record.text).collect();
        assert_eq!(shown, ["0", "1"]);
        sink.write(Source::Out, "5");
        assert_eq!(lines.recv().unwrap().lost, 3);
        assert_eq!(crate::log_file::tail(&path, 100).unwrap().len(), 6);
    }
}

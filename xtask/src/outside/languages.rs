//! `hello` in every language: the examples, built and run as their READMEs say.
//!
//! All print one transcript. What is fetched and built goes to `target/languages`, a copy of the examples.

use std::fs;

use anyhow::ensure;

use crate::check::Session;
use crate::tally::Tally;

use super::server::Server;
pub(super) use copy::Copy;
use language::{LANGUAGES, Language};
pub(super) use pipe::{go, node};
pub(super) use readme::commands;
use transcript::{CELLS, Mark, Transcript};

mod copy;
mod language;
mod pipe;
mod readme;
mod transcript;

const TRANSCRIPT: &str = "examples/hello.transcript.txt";

/// The page whose table says what was tried; it has to say the same as this check.
const PAGE: &str = "docs/clients.md";

/// Every language against nearcall: what it prints is compared with the transcript.
pub(crate) fn matrix(session: &Session<'_>) -> anyhow::Result<Tally> {
    let copy = Copy::of(session)?;
    let expected = Transcript::read(&fs::read_to_string(session.root.join(TRANSCRIPT))?);
    expected.covers_cells()?;
    let page = fs::read_to_string(session.root.join(PAGE))?;
    let arith = Server::arith(session)?;
    let mut tally = Tally::default();
    let mut table = header();
    for language in LANGUAGES {
        let (marks, outcome) = if language.is_missing() {
            (vec![Mark::LeftOut; CELLS.len()], Tally::SKIPPED)
        } else {
            match row(session, &copy, language, &arith, &expected) {
                Ok(marks) if marks.iter().all(|mark| *mark == Mark::Same) => (marks, Tally::PASSED),
                Ok(marks) => (marks, Tally::FAILED),
                Err(error) => {
                    println!("{} failed: {error:#}", language.name);
                    (vec![Mark::Differs; CELLS.len()], Tally::FAILED)
                }
            }
        };
        tally += outcome;
        let line = language.row(&marks);
        if outcome == Tally::PASSED {
            tally += documented(session, language, &page, &line)?;
        }
        table.push_str(&line);
        table.push('\n');
    }
    println!("\n{table}");
    Ok(tally)
}

/// Builds and runs one language, and says for each cell whether it printed what it should.
fn row(
    session: &Session<'_>,
    copy: &Copy,
    language: &Language,
    arith: &Server,
    expected: &Transcript,
) -> anyhow::Result<Vec<Mark>> {
    println!("{}", language.name);
    let example = language.build(session, copy)?;
    let ended = example.run(session, &arith.socket)?;
    let printed = Transcript::read(&ended.stdout);
    let marks = expected.marks(&printed);
    if printed != *expected || !ended.status.success() {
        println!("{}\nexpected:\n{expected}", ended.in_full());
        ensure!(
            marks.contains(&Mark::Differs),
            "nothing but the transcript should be printed, and the program should end well"
        );
    }
    Ok(marks)
}

/// The page has the row, and the version that it names is the one that is locked.
fn documented(
    session: &Session<'_>,
    language: &Language,
    page: &str,
    line: &str,
) -> anyhow::Result<Tally> {
    let mut faults = Vec::new();
    if !page.lines().any(|found| found == line) {
        faults.push(format!("{PAGE} should have the row `{line}`"));
    }
    if let Some((version, lock)) = language.locked {
        let path = session.root.join(language.folder).join(lock);
        if !fs::read_to_string(&path)?.contains(version) {
            faults.push(format!("{} should name version {version}", path.display()));
        }
    }
    for fault in &faults {
        println!("{fault}");
    }
    Ok(if faults.is_empty() {
        Tally::default()
    } else {
        Tally::FAILED
    })
}

fn header() -> String {
    let cells: Vec<_> = CELLS.iter().map(|(name, _)| *name).collect();
    let rules = "---|".repeat(CELLS.len() + 2);
    format!("| language | library | {} |\n|{rules}\n", cells.join(" | "))
}

/// What the first line of the transcript says once a server has taken a call.
const LET_IN: &str = "17 x 8 = 136";

/// The same programs at plain tonic, which refuses clients that send a path as `:authority`, and at nearcall, which does
/// not. One that sends `localhost` shows that plain tonic is there at all.
pub(crate) fn authority(session: &Session<'_>) -> anyhow::Result<Tally> {
    let copy = Copy::of(session)?;
    let arith = Server::arith(session)?;
    let plain = Server::plain_tonic(session)?;
    // The programs are told a path that ends as arith's does.
    let place = plain.as_arith()?;
    let mut tally = Tally::default();
    for language in LANGUAGES {
        let Some(plain_lets_in) = language.plain_tonic_lets_in else {
            continue;
        };
        if language.is_missing() {
            tally += Tally::SKIPPED;
            continue;
        }
        let example = language.build(session, &copy)?;
        let servers = [
            ("nearcall", &arith.socket, true),
            ("plain tonic", &place.socket, plain_lets_in),
        ];
        for (server, socket, expected) in servers {
            let ended = example.run(session, socket)?;
            let let_in = ended.stdout.lines().any(|line| line == LET_IN);
            let found = if let_in { "answers" } else { "refuses" };
            if let_in == expected {
                println!("ok   {server} {found} {}", language.library());
                tally += Tally::PASSED;
            } else {
                println!("FAIL {server} {found} {}", language.library());
                println!("{}", ended.in_full());
                tally += Tally::FAILED;
            }
        }
    }
    Ok(tally)
}

//! Comments of `.proto` files become documentation, in which rustdoc must not take code for a Rust test.

use prost_types::FileDescriptorProto;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

/// Marks the code blocks in all comments of `file` as text, and takes away the indentation that all lines share.
pub(crate) fn mark_code_as_text(file: &mut FileDescriptorProto) {
    let info = file.source_code_info.iter_mut();
    for location in info.flat_map(|info| &mut info.location) {
        let comments = [
            &mut location.leading_comments,
            &mut location.trailing_comments,
        ];
        for comment in comments.into_iter().flatten() {
            *comment = marked(comment);
        }
    }
}

fn marked(comment: &str) -> String {
    let text = dedented(comment);
    let marked = fenced(&text);
    if blocks(&marked).iter().all(|block| block.is_text) {
        return marked;
    }
    // Where lists and quotations leave no line for a fence, all is one block.
    let fence = "~".repeat(longest_run(&text, '~').max(2) + 1);
    format!("{fence}text\n{text}{fence}\n")
}

/// `text` with the code blocks fenced and said to be text.
fn fenced(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    // From the end, so that the lines before a block keep their numbers.
    for block in blocks(text).iter().rev() {
        if block.is_fenced {
            if let Some(line) = lines.get_mut(block.first) {
                let fence = line
                    .trim_end_matches(|letter| letter != '`' && letter != '~')
                    .len();
                line.truncate(fence);
                line.push_str("text");
            }
            continue;
        }
        let Some(code) = lines.get_mut(block.first..block.end) else {
            continue;
        };
        let indentation =
            indentation(code.first().map_or("", String::as_str)).saturating_sub(CODE_INDENTATION);
        for line in &mut *code {
            let spare = indentation_of_code(line);
            line.drain(..spare);
        }
        let run = code
            .iter()
            .map(|line| longest_run(line, '`'))
            .max()
            .unwrap_or_default();
        let fence = format!("{:indentation$}{}", "", "`".repeat(run.max(2) + 1));
        lines.insert(block.end, fence.clone());
        lines.insert(block.first, format!("{fence}text"));
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// How far Markdown indents code, in columns.
const CODE_INDENTATION: usize = 4;

/// A code block of a comment.
struct Block {
    /// Its first line; of a fenced block, the one that opens the fence.
    first: usize,
    /// The line behind its last.
    end: usize,
    is_fenced: bool,
    /// Whether rustdoc leaves it alone.
    is_text: bool,
}

fn blocks(text: &str) -> Vec<Block> {
    let line_of = |offset: usize| text[..offset].matches('\n').count();
    let events = Parser::new_ext(text, Options::all()).into_offset_iter();
    let blocks = events.filter_map(|(event, range)| {
        let Event::Start(Tag::CodeBlock(kind)) = event else {
            return None;
        };
        let code = text[range.clone()].trim_end();
        Some(Block {
            first: line_of(range.start),
            end: line_of(range.start + code.len()) + 1,
            is_fenced: kind.is_fenced(),
            is_text: matches!(kind, CodeBlockKind::Fenced(info) if &*info == "text"),
        })
    });
    blocks.collect()
}

/// `comment` without the indentation that all its lines share.
fn dedented(comment: &str) -> String {
    let shared = comment
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(indentation)
        .min()
        .unwrap_or_default();
    comment
        .lines()
        .flat_map(|line| [line.get(shared..).unwrap_or_default().trim_end(), "\n"])
        .collect()
}

/// How many spaces `line` begins with.
fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// How many of the bytes that `line` begins with only say that it is code.
fn indentation_of_code(line: &str) -> usize {
    match line.starts_with('\t') {
        true => 1,
        false => indentation(line).min(CODE_INDENTATION),
    }
}

fn longest_run(text: &str, letter: char) -> usize {
    text.split(|other| other != letter)
        .map(str::len)
        .max()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_marked_as_text() {
        fn check(comment: &str, expected: &str) {
            let marked = marked(comment);
            assert_eq!(marked, expected, "{comment}");
            assert!(
                blocks(&marked).iter().all(|block| block.is_text),
                "{marked}"
            );
        }
        check(" One line.\n", "One line.\n");
        check(
            " A:\n\n     let x = 1;\n       y\n\n After.\n",
            "A:\n\n```text\nlet x = 1;\n  y\n```\n\nAfter.\n",
        );
        check("     only code\n", "only code\n");
        check(
            " A\n\n     code ``` here\n",
            "A\n\n````text\ncode ``` here\n````\n",
        );
        check(" ```\n one\n ```\n", "```text\none\n```\n");
        check(" ```rust,ignore\n one\n ```\n", "```text\none\n```\n");
        check(" ~~~ proto\n one\n", "~~~text\none\n");
        check(" - item\n\n   its text\n", "- item\n\n  its text\n");
        check(
            " - item\n\n       its code\n",
            "- item\n\n  ```text\n  its code\n  ```\n",
        );
        check(
            " > quote\n >\n >     code\n",
            "> quote\n>\n```text\n>     code\n```\n",
        );
        check(" -     code\n", "```text\n-     code\n```\n");
        check(" A\n\n\tcode\n", " A\n\n```text\ncode\n```\n");
    }
}

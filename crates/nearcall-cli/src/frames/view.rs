//! `nearcall frames view`: pictures as half blocks, two pixels to a character.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Args;
use terminal_size::{Height, Width};

use super::picture::Picture;
use super::{Looked, find};
use crate::imp::Signals;
use crate::output;

/// Columns and rows where there is no terminal to ask.
const SIZE: (u32, u32) = (80, 24);

/// Draw a channel's pictures in the terminal
#[derive(Debug, Args)]
pub(super) struct ViewArgs {
    #[command(flatten)]
    looked: Looked,
    /// Draw one picture, and leave it
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(args: ViewArgs) -> anyhow::Result<ExitCode> {
    let (mut stream, frame) = find::newest(&args.looked).await?;
    let mut frame = Some(frame);
    if args.once || !std::io::stdout().is_terminal() {
        if let Some(frame) = &frame {
            output::drawing(&drawn(&Picture::of(frame)?))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut signals = Signals::new()?;
    // Another screen, without a cursor; the one before comes back with its text.
    output::drawing("\x1b[?1049h\x1b[?25l")?;
    let watched = async {
        while let Some(shown) = frame.take() {
            let text = drawn(&Picture::of(&shown)?);
            let at = format!(
                "\x1b[H{text}{} frame {}",
                args.looked.which.channel,
                shown.seq()
            );
            output::drawing(&at)?;
            drop(shown);
            frame = stream.next().await?;
        }
        anyhow::Ok(())
    };
    let outcome = tokio::select! {
        outcome = watched => outcome,
        () = signals.next() => Ok(()),
    };
    output::drawing("\x1b[?25h\x1b[?1049l")?;
    outcome.map(|()| ExitCode::SUCCESS)
}

/// The picture as large as fits, with the shape that it has.
fn drawn(picture: &Picture) -> String {
    let (columns, rows) = terminal_size();
    // The last row is left for words.
    let rows = rows.saturating_sub(1).max(1) * 2;
    let by_width = columns * picture.height / picture.width;
    let (width, height) = if by_width <= rows {
        (columns, by_width.max(2))
    } else {
        ((rows * picture.width / picture.height).max(1), rows)
    };
    blocks(&picture.scaled(width, height.next_multiple_of(2)))
}

/// Each character is an upper half block in the colour of its upper pixel on that of its lower one.
fn blocks(picture: &Picture) -> String {
    let mut text = String::new();
    let width = picture.width as usize;
    for pair in picture.pixels.chunks_exact(width * 2) {
        let (upper, lower) = pair.split_at(width);
        for ([r, g, b], [under_r, under_g, under_b]) in upper.iter().zip(lower) {
            // Writing to a text cannot fail.
            let _ = write!(
                text,
                "\x1b[38;2;{r};{g};{b};48;2;{under_r};{under_g};{under_b}m\u{2580}"
            );
        }
        text.push_str("\x1b[0m\n");
    }
    text
}

fn terminal_size() -> (u32, u32) {
    match terminal_size::terminal_size_of(std::io::stdout()) {
        Some((Width(columns), Height(rows))) if columns > 0 && rows > 0 => {
            (columns.into(), rows.into())
        }
        _ => SIZE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pixels_make_a_character() {
        let picture = Picture {
            width: 1,
            height: 2,
            pixels: vec![[1, 2, 3], [4, 5, 6]],
        };
        assert_eq!(
            blocks(&picture),
            "\u{1b}[38;2;1;2;3;48;2;4;5;6m\u{2580}\u{1b}[0m\n"
        );
    }
}

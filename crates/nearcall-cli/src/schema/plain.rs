//! Text from a server, made safe for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text without anything that a terminal would act on: control characters are spelled out, so that what a server
/// says can neither move the cursor nor pass for what this command says. Line ends and tabs stay.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if acts(letter) {
            // Writing to a string does not fail.
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(letter));
        } else {
            safe.push(letter);
        }
    }
    Cow::Owned(safe)
}

/// Control characters, and those that turn the direction of writing around.
fn acts(letter: char) -> bool {
    let turns = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (letter.is_control() && !matches!(letter, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_out_what_a_terminal_acts_on() {
        let check = |given: &str, expected: &str| assert_eq!(plain(given), expected);
        check("b must not be zero", "b must not be zero");
        check("größer\n\tals 0", "größer\n\tals 0");
        check("\u{1b}[2J\u{7}", "\\u{1b}[2J\\u{7}");
        check("\u{9b}31m\r", "\\u{9b}31m\\u{d}");
        check("a\u{202e}b", "a\\u{202e}b");
    }
}

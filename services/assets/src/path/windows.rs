//! What the letters of a path say to Windows: other separators, drives, streams of a file, devices, and endings that it
//! drops.
//!
//! See "Naming Files, Paths, and Namespaces" of its documentation.

use crate::asset::LoadError;

/// What no name may have in it, but for letters below the space.
const NOT_IN_NAMES: &[char] = &['\\', ':', '<', '>', '"', '|', '?', '*'];

/// Names of devices, whatever follows after a dot, in every folder.
const DEVICES: [&str; 7] = ["CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"];

/// Names of devices that a digit follows.
const NUMBERED: [&str; 2] = ["COM", "LPT"];

/// Fine where a path of parts joined by `/` names one file below a folder to Windows too.
///
/// # Errors
///
/// It leads out, or names no file that may be: there is none.
pub(super) fn check_path(path: &str) -> Result<(), LoadError> {
    let is_up = |part: &str| part.trim_end_matches([' ', '.']).is_empty() && part.contains("..");
    let is_drive = path.chars().nth(1) == Some(':');
    if path.starts_with('\\') || is_drive || path.split(['/', '\\']).any(is_up) {
        return Err(LoadError::Outside);
    }
    if !path.split('/').all(is_name) {
        return Err(LoadError::NotFound);
    }
    Ok(())
}

fn is_name(part: &str) -> bool {
    let is_other = |letter: char| letter < ' ' || NOT_IN_NAMES.contains(&letter);
    !(part.contains(is_other) || part.ends_with([' ', '.']) || is_device(part))
}

fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end();
    let stem = stem.to_uppercase();
    let mut letters = stem.chars();
    // Digits above the line count as well.
    let last = letters.next_back();
    let is_number = last.is_some_and(|last| last.is_ascii_digit() || "¹²³".contains(last));
    DEVICES.contains(&&stem[..]) || (is_number && NUMBERED.contains(&letters.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_windows_takes_for_more_than_a_name_is_refused() {
        let check = |path: &str, expected: Result<(), LoadError>| {
            assert_eq!(check_path(path), expected, "{path:?}");
        };
        for path in [
            "a.png",
            "in/ä b.png",
            ".hidden.png",
            "a..png",
            "console.png",
            "com.png",
            "COM10.png",
            "lpt/x.png",
        ] {
            check(path, Ok(()));
        }
        for path in [
            "..\\secret.png",
            "in\\..\\..\\secret.png",
            "in/..\\secret.png",
            ".. /secret.png",
            "in/... /secret.png",
            "C:secret.png",
            "c:/secret.png",
            "C:\\secret.png",
            "\\secret.png",
            "\\\\server\\share\\a.png",
            "\\\\?\\C:\\a.png",
            "\\\\.\\pipe\\a.png",
            "\\??\\C:\\a.png",
        ] {
            check(path, Err(LoadError::Outside));
        }
        for path in [
            "in\\a.png",
            "a.png:x",
            "a.png::$DATA",
            "in:$I30:$INDEX_ALLOCATION/a.png",
            "a.png.",
            "a.png ",
            "in./a.png",
            "in /a.png",
            "nul",
            "NUL.png",
            "Con.png",
            "aux .png",
            "in/prn.tar.png",
            "nul/a.png",
            "COM1.png",
            "lpt9.png",
            "COM².png",
            "conin$",
            "a?.png",
            "*.png",
            "a<b>.png",
            "a|b.png",
            "a\"b.png",
            "a\nb.png",
        ] {
            check(path, Err(LoadError::NotFound));
        }
    }
}

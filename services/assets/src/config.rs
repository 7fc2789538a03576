//! What is said when the server is started.

use std::path::PathBuf;

/// `assets [TARGET] [--root FOLDER] [--store]`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// The name or address. Default: `assets`.
    pub(crate) target: String,
    /// The folder of assets. Default: the current one.
    pub(crate) root: PathBuf,
    /// Whether clients may keep files there. Default: no.
    pub(crate) store: bool,
}

impl Config {
    pub(crate) fn read(words: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut words = words.into_iter();
        let mut config = Self {
            target: "assets".to_owned(),
            root: PathBuf::from("."),
            store: false,
        };
        let mut named = false;
        while let Some(word) = words.next() {
            match &word[..] {
                "--root" => {
                    let folder = words.next().ok_or("expected a folder after --root")?;
                    config.root = folder.into();
                }
                "--store" => config.store = true,
                _ if word.starts_with('-') || named => {
                    return Err(format!(
                        "expected assets [TARGET] [--root FOLDER] [--store], found {word:?}"
                    ));
                }
                _ => (config.target, named) = (word, true),
            }
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_order() {
        let check = |words: &str, expected: Option<(&str, &str, bool)>| {
            let found = Config::read(words.split_whitespace().map(str::to_owned)).ok();
            let expected = expected.map(|(target, root, store)| Config {
                target: target.to_owned(),
                root: root.into(),
                store,
            });
            assert_eq!(found, expected, "{words}");
        };
        check("", Some(("assets", ".", false)));
        check("unix:a --root b --store", Some(("unix:a", "b", true)));
        check("--store --root b c", Some(("c", "b", true)));
        for wrong in ["a b", "--root", "--other"] {
            check(wrong, None);
        }
    }
}

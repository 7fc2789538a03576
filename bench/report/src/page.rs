//! `docs/benchmarks.md`: each benchmark writes what stands between its own two markers, and leaves the rest.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

const PAGE: &str = "docs/benchmarks.md";

/// The folder of the checkout.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Puts `text` between `<!-- NAME -->` and `<!-- /NAME -->`.
///
/// # Errors
///
/// The page is not there, or has no such markers.
pub fn write_page(name: &str, text: &str) -> anyhow::Result<()> {
    let path = root().join(PAGE);
    let page = fs::read_to_string(&path).with_context(|| format!("{PAGE} is not there"))?;
    let page = replaced(&page, name, text)
        .with_context(|| format!("{PAGE} has no <!-- {name} --> with its <!-- /{name} -->"))?;
    fs::write(path, page)?;
    Ok(())
}

/// Writes `target/bench/NAME.json`.
///
/// # Errors
///
/// The file cannot be written.
pub fn write_json(name: &str, json: &str) -> anyhow::Result<()> {
    let folder = root().join("target/bench");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("{name}.json")), json)?;
    Ok(())
}

fn replaced(page: &str, name: &str, text: &str) -> Option<String> {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let (before, rest) = page.split_once(&open)?;
    let (_, after) = rest.split_once(&close)?;
    Some(format!(
        "{before}{open}\n\n{}\n\n{close}{after}",
        text.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_the_rest_stays() {
        let check = |page, expected: Option<&str>| {
            assert_eq!(replaced(page, "a", " new \n").as_deref(), expected);
        };
        check(
            "x\n<!-- a -->\nold\n<!-- /a -->\n<!-- b -->\n<!-- /b -->\n",
            Some("x\n<!-- a -->\n\nnew\n\n<!-- /a -->\n<!-- b -->\n<!-- /b -->\n"),
        );
        check(
            "<!-- a --><!-- /a -->",
            Some("<!-- a -->\n\nnew\n\n<!-- /a -->"),
        );
        check("<!-- a --> and no end", None);
        check("", None);
    }
}

//! The licences of everything that is linked in, held against the list in deny.toml.
//!
//! cargo-deny does the same and more for those who have it; this needs nothing installed.

use spdx::{Expression, ParseMode};

use super::Place;
use super::tree::{Licence, Tree};

const LIST: &str = "deny.toml";

pub(super) fn find(tree: &Tree) -> Vec<Place> {
    let allowed = allowed(tree.files.get(LIST).map_or("", String::as_str));
    let wrong = |licence: &Licence| {
        let what = refusal(licence.expression.as_deref(), &allowed)?;
        Some(Place::new(LIST, 1, format!("{}: {what}", licence.package)))
    };
    tree.licences.iter().filter_map(wrong).collect()
}

/// The strings of the array `allow` under `[licenses]`.
fn allowed(text: &str) -> Vec<&str> {
    let licenses = text.split_once("[licenses]").map_or("", |(_, rest)| rest);
    let array = licenses
        .split_once("allow = [")
        .map_or("", |(_, rest)| rest);
    let array = array.split_once(']').map_or("", |(array, _)| array);
    array.split('"').skip(1).step_by(2).collect()
}

/// Why a licence expression does not do, if it does not.
fn refusal(expression: Option<&str>, allowed: &[&str]) -> Option<String> {
    let Some(expression) = expression else {
        return Some("no licence is named".to_owned());
    };
    let parsed = match Expression::parse_mode(expression, ParseMode::LAX) {
        Ok(parsed) => parsed,
        Err(error) => {
            return Some(format!(
                "`{expression}` is not understood: {}",
                error.reason
            ));
        }
    };
    let fits = parsed.evaluate(|required| allowed.contains(&required.to_string().as_str()));
    (!fits).then(|| format!("`{expression}` is not allowed"))
}

//! The names that someone who mistyped may have meant.

use super::plain::plain;

/// Limit: names that one suggestion holds.
pub(crate) const SUGGESTIONS_MAX: usize = 3;

/// The candidates that come closest to `given`, best first; none when nothing comes close.
///
/// Another case, and a name without its package (`Arith` for `arith.v1.Arith`), count as close whatever the distance.
pub(crate) fn closest<'a>(
    given: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    let given = given.to_lowercase();
    let mut close: Vec<_> = candidates
        .into_iter()
        .filter_map(|candidate| Some((distance(&given, &candidate.to_lowercase())?, candidate)))
        .collect();
    close.sort_unstable();
    close.dedup();
    close
        .into_iter()
        .take(SUGGESTIONS_MAX)
        .map(|(_, candidate)| candidate)
        .collect()
}

/// `; did you mean …?`, or nothing: the end of a sentence that says what was not found.
pub(crate) fn did_you_mean<'a>(
    given: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    match closest(given, candidates).as_slice() {
        [] => String::new(),
        [one] => format!("; did you mean {}?", plain(one)),
        [many @ .., last] => format!(
            "; did you mean {} or {}?",
            plain(&many.join(", ")),
            plain(last)
        ),
    }
}

/// How far two names are from each other, `None` when too far for a slip of the hand.
fn distance(given: &str, candidate: &str) -> Option<usize> {
    if given.is_empty() {
        return None;
    }
    if given == candidate {
        return Some(0);
    }
    // Without its package a name has one distance, with it another; the smaller one counts.
    let last = |name: &str| -> String {
        let cut = name.rfind(['.', '/']).map_or(0, |at| at + 1);
        name.get(cut..).unwrap_or_default().to_owned()
    };
    let (given_last, candidate_last) = (last(given), last(candidate));
    let whole = strsim::osa_distance(given, candidate);
    let short = strsim::osa_distance(&given_last, &candidate_last);
    // Any two names of one letter are one slip apart, which says nothing.
    let slips = |name: &str, one_in: usize| match name.chars().count() {
        0 | 1 => 0,
        letters => letters.div_ceil(one_in),
    };
    let short_limit = slips(&given_last, 3);
    let whole_limit = slips(given, 4);
    if whole <= whole_limit {
        Some(whole)
    } else if short <= short_limit {
        Some(short + 1)
    } else if given_last.len() > 1 && candidate_last.starts_with(&given_last) {
        // The beginning of a longer name.
        Some(short)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_may_have_been_meant() {
        let check = |given: &str, candidates: &[&str], expected: &str| {
            assert_eq!(
                did_you_mean(given, candidates.iter().copied()),
                expected,
                "{given}"
            );
        };
        let services = ["arith.v1.Arith", "grpc.health.v1.Health", "world.v1.World"];
        check(
            "arith.v1.Arith",
            &services,
            "; did you mean arith.v1.Arith?",
        );
        check(
            "arith.v1.arith",
            &services,
            "; did you mean arith.v1.Arith?",
        );
        check("Arith", &services, "; did you mean arith.v1.Arith?");
        check(
            "arith.v2.Arith",
            &services,
            "; did you mean arith.v1.Arith?",
        );
        check("Wrold", &services, "; did you mean world.v1.World?");
        check("kitchen.v1.Sink", &services, "");
        check("", &services, "");
        let methods = ["Multiply", "Divide", "Count", "Sum"];
        check("multiply", &methods, "; did you mean Multiply?");
        check("Mutliply", &methods, "; did you mean Multiply?");
        check("Mult", &methods, "; did you mean Multiply?");
        check("Add", &methods, "");
        check("c", &["a", "b"], "");
        check(
            "aa",
            &["ab", "ac", "ad", "ae"],
            "; did you mean ab, ac or ad?",
        );
        check("Ü", &["ü"], "; did you mean ü?");
    }
}

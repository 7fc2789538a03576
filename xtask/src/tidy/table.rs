//! The tables of Markdown pages.

/// The first cell of each row, with its line, where it is one code span: `` | `name` | … ``, linked or not.
pub(super) fn named_rows(text: &str) -> Vec<(usize, &str)> {
    let mut rows = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some(row) = line.trim_start().strip_prefix('|') else {
            continue;
        };
        let cell = row.split('|').next().unwrap_or_default().trim();
        let cell = cell.trim_start_matches('[');
        let name = cell.strip_prefix('`').and_then(|cell| cell.split_once('`'));
        if let Some((name, _)) = name {
            rows.push((index + 1, name));
        }
    }
    rows
}

/// The lines of `text` under the heading that `is_heading` accepts, up to the next heading of its rank or above, blank
/// lines before it standing in for the rest so that line numbers hold.
pub(super) fn section(text: &str, is_heading: impl Fn(&str) -> bool) -> String {
    let mut kept = String::new();
    let mut rank = None;
    for line in text.lines() {
        let hashes = line.chars().take_while(|&char| char == '#').count();
        if hashes > 0 {
            if rank.is_some_and(|rank| hashes <= rank) {
                rank = None;
            }
            if rank.is_none() && is_heading(line.trim_start_matches('#').trim()) {
                rank = Some(hashes);
            }
        }
        if rank.is_some() {
            kept.push_str(line);
        }
        kept.push('\n');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_by_their_first_cell() {
        let text = "| crate | is |\n|---|---|\n| `a` | one |\n| [`b`](crates/b) | `two` |\n| c | `x` |\ntext `d`";
        assert_eq!(named_rows(text), [(3, "a"), (4, "b")]);
    }

    #[test]
    fn a_section_ends_at_the_next_heading_of_its_rank() {
        let text = "# Page\n## Limits\none\n### More\ntwo\n## Other\nthree";
        let kept = section(text, |heading| heading == "Limits");
        assert_eq!(kept, "\n## Limits\none\n### More\ntwo\n\n\n");
    }
}

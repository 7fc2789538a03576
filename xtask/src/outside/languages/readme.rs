//! The commands that an example's README tells its reader to type.

/// The contents of the fenced blocks of shell, in order.
pub(in crate::outside) fn commands(readme: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in readme.lines() {
        match (&mut open, line) {
            (None, "```sh") => open = Some(String::new()),
            (Some(_), "```") => blocks.extend(open.take()),
            (Some(block), line) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, _) => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_shell_are_found() {
        let check = |readme, expected: &[&str]| assert_eq!(commands(readme), expected);
        check("# hello\n", &[]);
        check("```sh\nmake\n./hello\n```\n", &["make\n./hello\n"]);
        check("```sh\na\n```\ntext\n```sh\nb\n```\n", &["a\n", "b\n"]);
        check("```c\nint a;\n```\n```console\n$ a\n```\n", &[]);
        check("```sh\nnever closed\n", &[]);
    }
}

//! Rust source as a flat list of tokens: comments and strings cannot be mistaken for code.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

/// A token, or one side of a pair of brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// As it is written; a doc comment is `#`, `[`, `doc`, `=`, a string, `]`.
    pub(super) text: String,
    pub(super) line: usize,
    pub(super) kind: Kind,
    /// Whether it belongs to an item under `#[cfg(test)]`.
    pub(super) in_test: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ident,
    Punct,
    Literal,
    Bracket,
}

/// The tokens of `source`, or why it has none.
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, String> {
    let stream: TokenStream = source.parse().map_err(|error| format!("{error}"))?;
    let mut flat = Vec::new();
    flatten(stream, false, &mut flat);
    Ok(flat)
}

fn flatten(stream: TokenStream, in_test: bool, flat: &mut Vec<Token>) {
    // Set by `#[cfg(test)]` until the end of the item that follows it.
    let mut item_in_test = false;
    for tree in stream {
        let in_test = in_test || item_in_test;
        let mut push = |text: String, span: Span, kind| {
            flat.push(Token {
                text,
                line: span.start().line,
                kind,
                in_test,
            });
        };
        match tree {
            TokenTree::Ident(ident) => push(ident.to_string(), ident.span(), Kind::Ident),
            TokenTree::Literal(literal) => {
                push(literal.to_string(), literal.span(), Kind::Literal);
            }
            TokenTree::Punct(punct) => {
                push(punct.to_string(), punct.span(), Kind::Punct);
                if punct.as_char() == ';' {
                    item_in_test = false;
                }
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::None => ("", ""),
                };
                push(open.to_owned(), group.span_open(), Kind::Bracket);
                let is_test_attribute = group.delimiter() == Delimiter::Bracket
                    && group.stream().to_string().replace(' ', "") == "cfg(test)";
                flatten(group.stream(), in_test, flat);
                flat.push(Token {
                    text: close.to_owned(),
                    line: group.span_close().start().line,
                    kind: Kind::Bracket,
                    in_test,
                });
                if is_test_attribute {
                    item_in_test = true;
                } else if group.delimiter() == Delimiter::Brace {
                    item_in_test = false;
                }
            }
        }
    }
}

/// The text of a string literal as it is written between the quotes.
pub(super) fn unquoted(literal: &str) -> Option<&str> {
    let literal = literal.strip_prefix('r').unwrap_or(literal);
    literal
        .trim_matches('#')
        .strip_prefix('"')?
        .strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_know_their_line_and_whether_they_are_a_test() {
        let source = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}";
        let tokens = tokens(source).unwrap();
        let check = |name: &str, line, in_test| {
            let token = tokens.iter().find(|token| token.text == name).unwrap();
            assert_eq!((token.line, token.in_test), (line, in_test), "{name}");
        };
        check("a", 1, false);
        check("b", 4, true);
        check("c", 6, false);
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        let source = "/* unsafe */ // unsafe\n/// unsafe\nfn a() { \"unsafe\" }";
        let tokens = tokens(source).unwrap();
        let code = |token: &&Token| token.kind == Kind::Ident && token.text == "unsafe";
        assert_eq!(tokens.iter().find(code), None);
    }

    #[test]
    fn strings_lose_their_quotes() {
        let check = |literal, expected| assert_eq!(unquoted(literal), expected, "{literal}");
        check(r#""a""#, Some("a"));
        check(r##"r#"a"#"##, Some("a"));
        check("'a'", None);
        check("12", None);
    }
}

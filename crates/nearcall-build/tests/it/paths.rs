//! Generated code names no crate but the runtime.

use std::collections::BTreeSet;

use nearcall_build::Builder;
use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use crate::generated;

/// Crates that a user does not depend on.
const FOREIGN: [&str; 5] = ["prost", "prost_types", "tonic", "tonic_prost", "bytes"];

/// The first segments of all paths that name something outside the file.
#[derive(Default)]
struct Roots {
    /// Of paths written `::name::...`, wherever they stand: types, attributes, strings in attributes.
    absolute: BTreeSet<String>,
    /// Of paths written `name::...` in the modules of clients and servers, where messages are found through `super`.
    relative: BTreeSet<String>,
}

impl Visit<'_> for Roots {
    fn visit_path(&mut self, path: &syn::Path) {
        visit::visit_path(self, path);
        if path.segments.len() > 1 || path.leading_colon.is_some() {
            let roots = match path.leading_colon {
                Some(_) => &mut self.absolute,
                None => &mut self.relative,
            };
            roots.insert(path.segments[0].ident.to_string());
        }
    }

    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        let roots = match item.leading_colon {
            Some(_) => &mut self.absolute,
            None => &mut self.relative,
        };
        if let syn::UseTree::Path(path) = &item.tree {
            roots.insert(path.ident.to_string());
        }
    }
}

/// Roots of `::name` in all tokens, those in attributes and macros too.
fn absolute(tokens: TokenStream, roots: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => absolute(group.stream(), roots),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                if let Some(path) = text.strip_prefix("\"::") {
                    roots.insert(path.split([':', '"']).next().unwrap_or_default().to_owned());
                }
            }
            TokenTree::Ident(ident) if at >= 2 && colons(&tokens[at - 2..at]) => {
                let begins = at == 2
                    || !matches!(&tokens[at - 3], TokenTree::Ident(_) | TokenTree::Punct(_) if continues(&tokens[at - 3]));
                if begins {
                    roots.insert(ident.to_string());
                }
            }
            _ => {}
        }
    }
}

fn colons(tokens: &[TokenTree]) -> bool {
    tokens
        .iter()
        .all(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':'))
}

/// Whether a path goes on behind `token`: `name::` or `Name<..>::`. Keywords that stand before a type do not count.
fn continues(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(ident) => ![
            "for", "in", "as", "impl", "dyn", "mut", "where", "use", "return",
        ]
        .contains(&ident.to_string().as_str()),
        TokenTree::Punct(punct) => punct.as_char() == '>',
        _ => false,
    }
}

#[test]
fn generated_code_names_only_the_runtime() {
    fn check(builder: Builder, runtime: &[&str]) {
        let files = generated(builder, &["shop.proto", "camel.proto"]);
        for (name, content) in files.iter().filter(|(name, _)| name.ends_with(".rs")) {
            let code = std::str::from_utf8(content).unwrap();
            let file = syn::parse_file(code).unwrap();
            let mut roots = Roots::default();
            roots.visit_file(&file);
            absolute(code.parse().unwrap(), &mut roots.absolute);
            let expected: BTreeSet<String> = ["core", "std"]
                .iter()
                .chain(runtime)
                .map(|it| (*it).to_owned())
                .collect();
            assert!(
                roots.absolute.is_subset(&expected),
                "{name}: {:?}",
                roots.absolute
            );

            // Messages may be called so (`prost::Message` here is one), but not where tonic's code is.
            for item in &file.items {
                if let syn::Item::Mod(module) = item
                    && ["_client", "_server"]
                        .iter()
                        .any(|end| module.ident.to_string().ends_with(end))
                {
                    let mut roots = Roots::default();
                    roots.visit_item_mod(module);
                    let foreign: Vec<_> = FOREIGN
                        .iter()
                        .filter(|it| roots.relative.contains(**it))
                        .collect();
                    assert!(foreign.is_empty(), "{name}: {foreign:?}");
                }
            }
        }
    }
    check(Builder::new(), &["nearcall"]);
    check(Builder::new().runtime("crate::codegen"), &[]);
    check(Builder::new().runtime("::renamed::codegen"), &["renamed"]);
}

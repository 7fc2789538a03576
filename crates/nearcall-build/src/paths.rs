//! Generated code names one crate, the runtime: the paths of tonic's code are rewritten on the syntax tree.

use proc_macro2::{Group, Spacing, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, ExprPath, File, ItemUse, Macro, Meta, Path, PathSegment, QSelf, TypePath, UsePath,
    UseTree, parse_quote,
};

/// The crates that the runtime re-exports under their own names.
const CRATES: [&str; 4] = ["tonic", "tonic_prost", "prost", "prost_types"];

/// Puts every path of `file` that begins with one of the re-exported crates below `runtime`.
///
/// Meant for modules in which such a first segment is always a crate, as in tonic's: they name messages through
/// `super::`. In a package's own module `prost::Inner` may be a message inside a message `Prost`.
pub(crate) fn put_below(runtime: &Path, file: &mut File) {
    Below { runtime }.visit_file_mut(file);
}

struct Below<'a> {
    runtime: &'a Path,
}

impl VisitMut for Below<'_> {
    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        // A path of one segment is a local name, unless it is written from the root.
        let names_crate = path.leading_colon.is_some() || path.segments.len() > 1;
        if names_crate && path.segments.first().is_some_and(|it| is_crate(&it.ident)) {
            let rest = std::mem::replace(path, self.runtime.clone()).segments;
            path.segments.extend(rest);
        }
    }

    fn visit_type_path_mut(&mut self, node: &mut TypePath) {
        self.qualified(&mut node.qself, &mut node.path);
    }

    fn visit_expr_path_mut(&mut self, node: &mut ExprPath) {
        self.qualified(&mut node.qself, &mut node.path);
    }

    fn visit_item_use_mut(&mut self, item: &mut ItemUse) {
        for attribute in &mut item.attrs {
            self.visit_attribute_mut(attribute);
        }
        if first_of(&item.tree).is_some_and(is_crate) {
            item.leading_colon = self.runtime.leading_colon;
            let tree = item.tree.clone();
            item.tree = self.runtime.segments.iter().rev().fold(tree, below);
        }
    }

    fn visit_attribute_mut(&mut self, attribute: &mut Attribute) {
        visit_mut::visit_attribute_mut(self, attribute);
        if let Meta::List(list) = &mut attribute.meta {
            list.tokens = self.tokens(std::mem::take(&mut list.tokens));
        }
    }

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        visit_mut::visit_macro_mut(self, call);
        call.tokens = self.tokens(std::mem::take(&mut call.tokens));
    }
}

impl Below<'_> {
    /// A path that may begin with `<T as tonic::Trait>::`, whose bracket closes after so and so many segments.
    fn qualified(&mut self, qself: &mut Option<QSelf>, path: &mut Path) {
        let segments = path.segments.len();
        if let Some(qself) = qself {
            self.visit_type_mut(&mut qself.ty);
            if qself.position > 0 {
                self.visit_path_mut(path);
                qself.position += path.segments.len() - segments;
            }
        } else {
            self.visit_path_mut(path);
        }
    }

    /// The same for tokens that no syntax tree is known for: arguments of macros and attributes.
    fn tokens(&self, tokens: TokenStream) -> TokenStream {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rewritten = TokenStream::new();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => {
                    let mut inner = Group::new(group.delimiter(), self.tokens(group.stream()));
                    inner.set_span(group.span());
                    rewritten.extend([TokenTree::Group(inner)]);
                }
                TokenTree::Ident(ident)
                    if is_crate(ident)
                        && is_colons(&tokens[at + 1..])
                        && !(at >= 2 && is_colons(&tokens[at - 2..])) =>
                {
                    self.runtime.to_tokens(&mut rewritten);
                    rewritten.extend(quote::quote!(::#ident));
                }
                _ => rewritten.extend([token.clone()]),
            }
        }
        rewritten
    }
}

fn is_crate(ident: &proc_macro2::Ident) -> bool {
    CRATES.iter().any(|name| ident == name)
}

fn is_colons(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(first), TokenTree::Punct(second), ..]
        if first.as_char() == ':' && first.spacing() == Spacing::Joint && second.as_char() == ':')
}

fn first_of(tree: &UseTree) -> Option<&proc_macro2::Ident> {
    match tree {
        UseTree::Path(path) => Some(&path.ident),
        UseTree::Name(name) => Some(&name.ident),
        UseTree::Rename(rename) => Some(&rename.ident),
        UseTree::Glob(_) | UseTree::Group(_) => None,
    }
}

fn below(tree: UseTree, segment: &PathSegment) -> UseTree {
    UseTree::Path(UsePath {
        ident: segment.ident.clone(),
        colon2_token: parse_quote!(::),
        tree: Box::new(tree),
    })
}

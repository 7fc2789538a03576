//! Generated code is not held to the lints of the crate that includes it.

use quote::quote;
use syn::{Attribute, File, Item, parse_quote};

/// Puts an `allow` on every item of `file`.
///
/// A file that is pulled in by `include!` cannot open with `#![allow]`, so each item says it for itself.
pub(crate) fn allow(file: &mut File) {
    let allow = attribute();
    for item in &mut file.items {
        if let Some(attributes) = attributes_of(item) {
            let after_docs = attributes
                .iter()
                .take_while(|it| it.path().is_ident("doc"))
                .count();
            attributes.insert(after_docs, allow.clone());
        }
    }
}

fn attribute() -> Attribute {
    let lints = quote! {
        dead_code,
        deprecated,
        elided_lifetimes_in_paths,
        missing_debug_implementations,
        missing_docs,
        non_camel_case_types,
        non_snake_case,
        single_use_lifetimes,
        unnameable_types,
        unreachable_pub,
        unused_qualifications,
        unused_results,
        clippy::all,
        clippy::nursery,
        clippy::pedantic,
        clippy::restriction,
        rustdoc::all
    };
    parse_quote!(#[allow(#lints, reason = "generated code")])
}

fn attributes_of(item: &mut Item) -> Option<&mut Vec<Attribute>> {
    match item {
        Item::Const(it) => Some(&mut it.attrs),
        Item::Enum(it) => Some(&mut it.attrs),
        Item::Impl(it) => Some(&mut it.attrs),
        Item::Mod(it) => Some(&mut it.attrs),
        Item::Static(it) => Some(&mut it.attrs),
        Item::Struct(it) => Some(&mut it.attrs),
        _ => None,
    }
}

//! A generated server says what it serves.

use proc_macro2::TokenStream;
use prost_build::Service;
use quote::{format_ident, quote};
use syn::Path;

use crate::added::table;

/// The `Described` of the server, to go into the server's module.
pub(crate) fn item(service: &Service, runtime: &Path) -> TokenStream {
    let server = format_ident!("{}Server", service.name);
    let table = table::ident(service);
    quote! {
        impl<T> #runtime::table::Described for #server<T> {
            const SERVICE: &'static #runtime::table::Service = &super::#table;
        }
    }
}

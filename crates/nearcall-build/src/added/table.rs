//! The table of a service: its methods, and its descriptors.

use proc_macro2::TokenStream;
use prost_build::{Method, Service};
use prost_types::method_options::IdempotencyLevel;
use quote::{format_ident, quote};
use syn::{Ident, Path};

/// The `static` that holds the table of `service`.
pub(crate) fn item(service: &Service, runtime: &Path) -> TokenStream {
    let ident = ident(service);
    let full_name = full_name(service);
    let descriptors = descriptors_file(service);
    let methods = service
        .methods
        .iter()
        .map(|it| method(&full_name, it, runtime));
    let count = service.methods.len();
    let doc = format!(" The methods and the descriptors of `{full_name}`.");
    quote! {
        #[doc = #doc]
        pub static #ident: #runtime::table::Service = {
            static METHODS: [#runtime::table::Method; #count] = [#(#methods),*];
            #runtime::table::Service::new(#full_name, &METHODS, include_bytes!(#descriptors))
        };
    }
}

/// `ARITH_SERVICE` for the service `Arith`.
pub(crate) fn ident(service: &Service) -> Ident {
    let mut name = String::new();
    for letter in service.name.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    format_ident!("{name}_SERVICE")
}

/// `arith.v1.Arith`.
pub(crate) fn full_name(service: &Service) -> String {
    if service.package.is_empty() {
        service.proto_name.clone()
    } else {
        format!("{}.{}", service.package, service.proto_name)
    }
}

/// The file that holds the descriptors, beside the generated code.
pub(crate) fn descriptors_file(service: &Service) -> String {
    format!("{}.binpb", full_name(service))
}

fn method(service: &str, method: &Method, runtime: &Path) -> TokenStream {
    let name = &method.proto_name;
    let path = format!("/{service}/{name}");
    let streaming = (method.client_streaming || method.server_streaming).then(|| {
        let client = method.client_streaming;
        let server = method.server_streaming;
        quote!(.streaming(#client, #server))
    });
    let idempotency = match method.options.idempotency_level() {
        IdempotencyLevel::IdempotencyUnknown => None,
        IdempotencyLevel::NoSideEffects => Some(quote!(NoSideEffects)),
        IdempotencyLevel::Idempotent => Some(quote!(Idempotent)),
    };
    let idempotency =
        idempotency.map(|level| quote!(.idempotency(#runtime::table::Idempotency::#level)));
    quote!(#runtime::table::Method::new(#service, #name, #path) #streaming #idempotency)
}

//! A generated server says what it serves.

use proc_macro2::TokenStream;
use prost_build::Service;
use quote::{format_ident, quote};
use syn::Path;

use crate::added::blocking::ident;
use crate::added::table;

/// The `Described` of the server, and what carries its unary methods out without HTTP, to go into the server's module.
pub(crate) fn item(service: &Service, runtime: &Path, method_names: &[String]) -> TokenStream {
    let server = format_ident!("{}Server", service.name);
    let handler = format_ident!("{}", service.name);
    let table = table::ident(service);
    let methods = service.methods.iter().zip(method_names).enumerate();
    let unary =
        methods.filter(|(_, (method, _))| !method.client_streaming && !method.server_streaming);
    let mut arms = unary.map(|(row, (_, name))| {
        let name = ident(name);
        quote! {
            #row => {
                let inner = std::sync::Arc::clone(&self.inner);
                let handler = move |request| async move { <T as #handler>::#name(&*inner, request).await };
                Some(#runtime::direct::answer(request, limits, handler))
            }
        }
    }).peekable();
    if arms.peek().is_none() {
        return quote! {
            impl<T: #handler> #runtime::table::Described for #server<T> {
                const SERVICE: &'static #runtime::table::Service = &super::#table;
            }
        };
    }
    quote! {
        impl<T: #handler> #runtime::table::Described for #server<T> {
            const SERVICE: &'static #runtime::table::Service = &super::#table;

            fn direct(&self) -> Option<std::sync::Arc<dyn #runtime::direct::Direct>> {
                Some(std::sync::Arc::new(Self::clone(self)))
            }
        }

        impl<T: #handler> #runtime::direct::Direct for #server<T> {
            fn unary(
                &self,
                method: usize,
                request: #runtime::tonic::Request<#runtime::Bytes>,
            ) -> Option<#runtime::direct::Answer> {
                let mut limits = #runtime::direct::MessageLimits::default();
                limits.decoded = self.max_decoding_message_size;
                limits.encoded = self.max_encoding_message_size;
                match method {
                    #(#arms)*
                    _ => None,
                }
            }
        }
    }
}

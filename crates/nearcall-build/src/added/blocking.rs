//! A client for programs without an async runtime, in a module of the client's.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Ident, Path};
use tonic_build::{Method as _, Service as _};

use crate::service::TonicService;

/// Where the blocking client finds the messages: two modules further out.
const OUT: &str = "super::super";

/// The module `blocking`, to go into the client's module.
pub(crate) fn item(service: &TonicService<'_>, runtime: &Path) -> TokenStream {
    let client = format_ident!("{}Client", service.name());
    let taken: Vec<String> = service
        .methods()
        .iter()
        .map(|it| it.name().to_owned())
        .collect();
    let methods = service.methods().iter().map(|it| {
        let plain = it.name().trim_start_matches("r#");
        let mut begin = format!("try_{plain}");
        while taken.contains(&begin) {
            begin.push('_');
        }
        let (request, response) = it.request_response_name(OUT, false);
        let call = Call {
            name: ident(it.name()),
            begin: format_ident!("{begin}"),
            docs: it.comment(),
            deprecated: it.deprecated(),
            request,
            response,
        };
        call.item(it.client_streaming(), it.server_streaming(), runtime)
    });
    let doc =
        format!(" `{client}` for threads that wait for answers, and for loops that ask for them.");
    quote! {
        #[doc = #doc]
        pub mod blocking {
            #[doc = #doc]
            ///
            /// Each method waits; its sibling `try_…` begins the call and never waits.
            #[derive(Debug, Clone)]
            pub struct #client {
                inner: super::#client<#runtime::Channel>,
                channel: #runtime::blocking::Channel,
            }

            impl #client {
                /// Calls over a channel.
                pub fn new(channel: #runtime::blocking::Channel) -> Self {
                    let inner = super::#client::new(channel.inner());
                    Self { inner, channel }
                }

                /// Takes messages of so many bytes at most.
                #[must_use]
                pub fn max_decoding_message_size(mut self, limit: usize) -> Self {
                    self.inner = self.inner.max_decoding_message_size(limit);
                    self
                }

                /// Sends messages of so many bytes at most.
                #[must_use]
                pub fn max_encoding_message_size(mut self, limit: usize) -> Self {
                    self.inner = self.inner.max_encoding_message_size(limit);
                    self
                }

                #(#methods)*
            }
        }
    }
}

/// What the two functions of a method are written from.
struct Call<'a> {
    name: Ident,
    begin: Ident,
    docs: &'a [String],
    deprecated: bool,
    request: TokenStream,
    response: TokenStream,
}

impl Call<'_> {
    fn item(&self, client_streaming: bool, server_streaming: bool, runtime: &Path) -> TokenStream {
        let Self {
            name,
            begin,
            docs,
            deprecated,
            request,
            response,
        } = self;
        let deprecated = deprecated.then(|| quote!(#[deprecated]));
        let (argument, into) = match client_streaming {
            true => (
                quote!(impl #runtime::tonic::IntoStreamingRequest<Message = #request>),
                quote!(into_streaming_request),
            ),
            false => (
                quote!(impl #runtime::tonic::IntoRequest<#request>),
                quote!(into_request),
            ),
        };
        let answer = match server_streaming {
            true => quote!(#runtime::blocking::Streaming<#response>),
            false => quote!(#response),
        };
        let outcome = quote!(std::result::Result<#runtime::tonic::Response<#answer>, #runtime::tonic::Status>);
        let read = server_streaming.then(|| {
            quote! {
                .map(|response| response.map(|messages| {
                    #runtime::blocking::Streaming::new(channel, messages)
                }))
            }
        });
        let channel = server_streaming.then(|| quote!(let channel = self.channel.clone();));
        let begin_doc = format!(" As [`{name}`](Self::{name}), without waiting.");
        quote! {
            #(#[doc = #docs])*
            #deprecated
            #[allow(deprecated)]
            pub fn #name(&mut self, request: #argument) -> #outcome {
                let request = request.#into();
                #channel
                self.channel.wait(self.inner.#name(request)) #read
            }

            #[doc = #begin_doc]
            #deprecated
            #[allow(deprecated)]
            pub fn #begin(&mut self, request: #argument) -> #runtime::blocking::Pending<#outcome> {
                let request = request.#into();
                let mut inner = self.inner.clone();
                #channel
                self.channel.begin(async move { inner.#name(request).await #read })
            }
        }
    }
}

/// As tonic names it: a name that is a keyword is spelled raw.
pub(crate) fn ident(name: &str) -> Ident {
    syn::parse_str(name).unwrap_or_else(|_| format_ident!("r#{name}"))
}

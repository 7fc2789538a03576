//! A service: tonic's client and server, and what is added to them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use proc_macro2::TokenStream;
use prost_build::{Comments, Method, Service};
use quote::{ToTokens as _, quote};
use syn::{File, Item, Path};

use crate::added::{blocking, calls, described, stub, table};
use crate::paths;

/// Writes the services of a run.
pub(crate) struct Services {
    pub(crate) runtime: Path,
    pub(crate) client: bool,
    pub(crate) server: bool,
    pub(crate) blocking: bool,
    /// What was written, for the caller to go on with.
    pub(crate) written: Rc<RefCell<Written>>,
}

/// The services that were written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// The name of each descriptors file, and of the service it is for.
    pub(crate) descriptors: BTreeMap<String, String>,
    /// The first service that could not be written, and why.
    pub(crate) failure: Option<(String, syn::Error)>,
}

impl prost_build::ServiceGenerator for Services {
    fn generate(&mut self, service: Service, buf: &mut String) {
        let full_name = table::full_name(&service);
        let mut written = self.written.borrow_mut();
        match self.items(&service) {
            Ok(items) => {
                // The syntax tree of the whole package is printed later, so how these tokens look is no matter.
                buf.push_str(&items.to_string());
                written
                    .descriptors
                    .insert(table::descriptors_file(&service), full_name);
            }
            Err(error) => {
                written.failure.get_or_insert((full_name, error));
            }
        }
    }
}

impl Services {
    fn items(&self, service: &Service) -> syn::Result<TokenStream> {
        let described = TonicService::new(service, &self.runtime);
        let mut tonic = tonic_build::CodeGenBuilder::new();
        tonic.emit_package(true).build_transport(false);
        let mut items = table::item(service, &self.runtime);
        if self.client {
            let mut client: File = syn::parse2(tonic.generate_client(&described, SUPER))?;
            if calls::insert(&mut client, service) != service.methods.len() {
                return Err(syn::Error::new(
                    proc_macro2::Span::call_site(),
                    "expected every method of the client to name itself with `GrpcMethod`",
                ));
            }
            stub::call_through(&self.runtime, &mut client);
            paths::put_below(&self.runtime, &mut client);
            if self.blocking {
                let more: File = syn::parse2(blocking::item(&described, &self.runtime))?;
                add(&mut client, &more);
            }
            client.to_tokens(&mut items);
        }
        if self.server {
            let mut server: File = syn::parse2(tonic.generate_server(&described, SUPER))?;
            paths::put_below(&self.runtime, &mut server);
            let names: Vec<String> = described.methods.iter().map(|it| it.name.clone()).collect();
            let more: File = syn::parse2(described::item(service, &self.runtime, &names))?;
            add(&mut server, &more);
            server.to_tokens(&mut items);
        }
        Ok(items)
    }
}

/// Puts items into tonic's module.
fn add(file: &mut File, more: &File) {
    for item in &mut file.items {
        if let Item::Mod(module) = item
            && let Some((_, content)) = &mut module.content
        {
            content.extend(more.items.iter().cloned());
        }
    }
}

/// Where tonic's modules find the messages: in the module around them.
const SUPER: &str = "super";

/// Names that tonic's client has methods of its own for. A method of the service by such a name gets a `_` behind it.
const TAKEN: [&str; 7] = [
    "accept_compressed",
    "max_decoding_message_size",
    "max_encoding_message_size",
    "new",
    "send_compressed",
    "with_interceptor",
    "with_origin",
];

pub(crate) struct TonicService<'a> {
    service: &'a Service,
    comment: Vec<String>,
    methods: Vec<TonicMethod>,
}

impl<'a> TonicService<'a> {
    fn new(service: &'a Service, runtime: &Path) -> Self {
        let codec: String = quote!(#runtime::tonic_prost::ProstCodec).to_string();
        let methods = service.methods.iter().map(|method| TonicMethod {
            name: match TAKEN.contains(&method.name.as_str()) {
                true => format!("{}_", method.name),
                false => method.name.clone(),
            },
            comment: indented(&method.comments),
            method: method.clone(),
            codec: codec.clone(),
        });
        Self {
            service,
            comment: indented(&service.comments),
            methods: methods.collect(),
        }
    }
}

impl tonic_build::Service for TonicService<'_> {
    type Comment = String;
    type Method = TonicMethod;

    fn name(&self) -> &str {
        &self.service.name
    }

    fn package(&self) -> &str {
        &self.service.package
    }

    fn identifier(&self) -> &str {
        &self.service.proto_name
    }

    fn methods(&self) -> &[TonicMethod] {
        &self.methods
    }

    fn comment(&self) -> &[String] {
        &self.comment
    }
}

pub(crate) struct TonicMethod {
    name: String,
    comment: Vec<String>,
    method: Method,
    codec: String,
}

impl tonic_build::Method for TonicMethod {
    type Comment = String;

    fn name(&self) -> &str {
        &self.name
    }

    fn identifier(&self) -> &str {
        &self.method.proto_name
    }

    fn codec_path(&self) -> &str {
        &self.codec
    }

    fn client_streaming(&self) -> bool {
        self.method.client_streaming
    }

    fn server_streaming(&self) -> bool {
        self.method.server_streaming
    }

    fn comment(&self) -> &[String] {
        &self.comment
    }

    fn deprecated(&self) -> bool {
        self.method.options.deprecated()
    }

    fn request_response_name(&self, proto_path: &str, _: bool) -> (TokenStream, TokenStream) {
        let seen = |rust: &str, proto: &str| seen_from_below(proto_path, rust, proto);
        (
            seen(&self.method.input_type, &self.method.input_proto_type),
            seen(&self.method.output_type, &self.method.output_proto_type),
        )
    }
}

/// The lines of a comment, each behind one space: tonic puts one only before lines that have none.
fn indented(comments: &Comments) -> Vec<String> {
    comments
        .leading
        .iter()
        .map(|line| format!(" {line}"))
        .collect()
}

/// The type of a message as a module inside the package's module names it.
///
/// Well-known types are not found from the package's module but from the root (`::nearcall::...`), or are Rust's own:
/// `()` for `google.protobuf.Empty`, `u64` for `google.protobuf.UInt64Value`.
fn seen_from_below(module: &str, rust: &str, proto: &str) -> TokenStream {
    let everywhere = proto.starts_with(".google.protobuf.")
        || rust.starts_with("::")
        || rust.starts_with("crate::");
    let path = match everywhere {
        true => rust.to_owned(),
        false => format!("{module}::{rust}"),
    };
    // What does not parse here is left out, and the missing type is then reported with the whole service.
    path.parse().unwrap_or_default()
}

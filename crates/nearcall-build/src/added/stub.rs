//! Generated clients call through the runtime's own `Grpc`, which knows wires that tonic's does not.

use syn::visit_mut::{self, VisitMut};
use syn::{File, GenericParam, Generics, Ident, Path, TypeParamBound, WherePredicate, parse_quote};

/// Puts the runtime's `stub::Grpc` in the place of `tonic::client::Grpc`, and asks of the types that it is made of what it
/// needs to recognise a channel: that they borrow nothing.
pub(crate) fn call_through(runtime: &Path, client: &mut File) {
    Through { runtime }.visit_file_mut(client);
}

struct Through<'a> {
    runtime: &'a Path,
}

impl VisitMut for Through<'_> {
    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        let names = path.segments.iter().map(|it| it.ident.to_string());
        if names.take(3).eq(["tonic", "client", "Grpc"]) {
            let rest = std::mem::replace(path, self.runtime.clone()).segments;
            path.segments.push(parse_quote!(stub));
            path.segments.extend(rest.into_iter().skip(2));
        }
    }

    fn visit_generics_mut(&mut self, generics: &mut Generics) {
        visit_mut::visit_generics_mut(self, generics);
        for name in services_of(generics) {
            generics
                .make_where_clause()
                .predicates
                .push(parse_quote!(#name: 'static));
        }
    }
}

/// The type parameters that stand for a service or an interceptor.
fn services_of(generics: &Generics) -> Vec<Ident> {
    let is_one = |bound: &TypeParamBound| match bound {
        TypeParamBound::Trait(bound) => bound
            .path
            .segments
            .last()
            .is_some_and(|it| it.ident == "GrpcService" || it.ident == "Interceptor"),
        _ => false,
    };
    let inline = generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) if param.bounds.iter().any(is_one) => Some(param.ident.clone()),
        _ => None,
    });
    let predicates = generics.where_clause.iter().flat_map(|it| &it.predicates);
    let below = predicates.filter_map(|predicate| match predicate {
        WherePredicate::Type(it) if it.bounds.iter().any(is_one) => match &it.bounded_ty {
            syn::Type::Path(path) => path.path.get_ident().cloned(),
            _ => None,
        },
        _ => None,
    });
    inline.chain(below).collect()
}

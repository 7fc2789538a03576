//! Every call of a generated client carries the row of its method, beside tonic's own `GrpcMethod`.

use prost_build::Service;
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, ExprCall, ExprLit, File, Lit, Stmt, parse_quote};

use crate::added::table;

/// Adds the row to every call in `client`; how many calls there were.
pub(crate) fn insert(client: &mut File, service: &Service) -> usize {
    let mut rows = Rows {
        service,
        inserted: 0,
    };
    rows.visit_file_mut(client);
    rows.inserted
}

struct Rows<'a> {
    service: &'a Service,
    inserted: usize,
}

impl VisitMut for Rows<'_> {
    fn visit_block_mut(&mut self, block: &mut Block) {
        visit_mut::visit_block_mut(self, block);
        let Some((at, method)) = block
            .stmts
            .iter()
            .enumerate()
            .find_map(|(at, stmt)| Some((at, method_inserted_by(stmt)?)))
        else {
            return;
        };
        let Some(row) = self
            .service
            .methods
            .iter()
            .position(|it| it.proto_name == method)
        else {
            return;
        };
        let table = table::ident(self.service);
        block.stmts.insert(
            at + 1,
            parse_quote!(req.extensions_mut().insert(&super::#table.methods[#row]);),
        );
        self.inserted += 1;
    }
}

/// The method's name in `req.extensions_mut().insert(GrpcMethod::new("service", "method"));`.
fn method_inserted_by(stmt: &Stmt) -> Option<String> {
    let Stmt::Expr(Expr::MethodCall(insert), _) = stmt else {
        return None;
    };
    if insert.method != "insert" {
        return None;
    }
    let Some(Expr::Call(ExprCall { func, args, .. })) = insert.args.first() else {
        return None;
    };
    let Expr::Path(func) = &**func else {
        return None;
    };
    if func.path.segments.first()?.ident != "GrpcMethod" {
        return None;
    }
    match args.last()? {
        Expr::Lit(ExprLit {
            lit: Lit::Str(name),
            ..
        }) => Some(name.value()),
        _ => None,
    }
}

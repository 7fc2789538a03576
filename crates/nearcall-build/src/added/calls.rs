//! Every call of a generated client hands over the row of its method, in the place of tonic's own `GrpcMethod`.

use prost_build::Service;
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, ExprCall, ExprLit, ExprMethodCall, File, Lit, Pat, Stmt, parse_quote};

use crate::added::table;

/// Puts the row into every call in `client`; how many calls there were.
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
        let Some(call) = block.stmts.last_mut().and_then(call_of) else {
            return;
        };
        call.args.push(parse_quote!(&super::#table.methods[#row]));
        block.stmts.remove(at);
        for stmt in &mut block.stmts {
            unchanged(stmt);
        }
        self.inserted += 1;
    }
}

/// The call in `self.inner.unary(req, path, codec).await`.
fn call_of(stmt: &mut Stmt) -> Option<&mut ExprMethodCall> {
    let Stmt::Expr(Expr::Await(waited), None) = stmt else {
        return None;
    };
    match &mut *waited.base {
        Expr::MethodCall(call) => Some(call),
        _ => None,
    }
}

/// `let mut req` becomes `let req`, as nothing is put into it any more.
fn unchanged(stmt: &mut Stmt) {
    if let Stmt::Local(local) = stmt
        && let Pat::Ident(name) = &mut local.pat
        && name.ident == "req"
    {
        name.mutability = None;
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

//! From a path to the service that answers it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use nearcall_proto::table;
use rustc_hash::FxBuildHasher;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tower_service::Service;

use crate::body::RequestBody;
use crate::raw::RawService;
use crate::server::direct::Handler;
use crate::status::Reason;

/// A service that a server can serve: what tonic's generator, and ours, make of a handler.
pub trait Served:
    Service<
        Request<RequestBody>,
        Response = Response<Body>,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Served for S where
    S: Service<
            Request<RequestBody>,
            Response = Response<Body>,
            Error = Infallible,
            Future: Send + 'static,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

/// Every service of one server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Router {
    routes: Arc<HashMap<Cow<'static, str>, Arc<Route>>>,
    /// The methods that are known, by path: nearly every call is found here. The keys are the server's own, so nobody can
    /// make them collide.
    methods: Arc<HashMap<Arc<str>, Known, FxBuildHasher>>,
    /// Answers every call instead of the routes.
    proxy: Option<Arc<Route>>,
}

/// A method, and who answers it.
#[derive(Debug, Clone)]
struct Known {
    facts: MethodFacts,
    route: Arc<Route>,
    /// Where it is in the service's table, if it can be called without HTTP.
    row: Option<usize>,
}

/// What stands for the path of a call whose method the server knows nothing of.
const ANY_PATH: &str = "/*";

pub(crate) struct Route {
    service: Box<dyn Dispatch>,
    /// The same without HTTP.
    direct: Option<Handler>,
    /// By the method's name. Empty where nothing is known of the methods.
    methods: HashMap<Cow<'static, str>, MethodFacts>,
    /// What is assumed of a method that is not listed, where none are.
    unlisted: MethodFacts,
}

/// What a server must know of a method before it takes a call in.
#[derive(Debug, Clone)]
pub(crate) struct MethodFacts {
    pub(crate) path: Arc<str>,
    pub(crate) streaming: bool,
}

impl Router {
    /// Adds a service; one of the same name is replaced, and that is said.
    pub(crate) fn add<S: Served>(
        &mut self,
        name: &'static str,
        methods: &'static [table::Method],
        service: S,
    ) {
        self.add_direct(name, methods, service, None);
    }

    /// As [`add`](Self::add), with the same service without HTTP.
    pub(crate) fn add_direct<S: Served>(
        &mut self,
        name: &'static str,
        methods: &'static [table::Method],
        service: S,
        direct: Option<Handler>,
    ) {
        let rows = methods.iter().map(|method| method.name).collect::<Vec<_>>();
        let methods = methods
            .iter()
            .map(|method| {
                let facts = MethodFacts::new(method.path, !method.is_unary());
                (Cow::Borrowed(method.name), facts)
            })
            .collect();
        self.insert(name.into(), methods, service, direct);
        let known = Arc::make_mut(&mut self.methods);
        for (row, method) in rows.into_iter().enumerate() {
            if let Some(known) = known.get_mut(&*format!("/{name}/{method}")) {
                known.row = (!known.facts.streaming).then_some(row);
            }
        }
    }

    /// Adds a service whose messages stay bytes.
    pub(crate) fn add_raw(&mut self, service: RawService) {
        let methods = service.methods().map(|(name, streaming)| {
            let path = format!("/{}/{name}", service.name());
            (name.to_owned(), path, streaming)
        });
        let methods = methods.collect();
        self.add_unlisted(service.name().to_owned(), methods, service);
    }

    /// Adds a service of which there is no table: its methods' names, their paths, and whether they stream.
    pub(crate) fn add_unlisted<S: Served>(
        &mut self,
        name: String,
        methods: Vec<(String, String, bool)>,
        service: S,
    ) {
        let methods = methods
            .into_iter()
            .map(|(name, path, streaming)| (name.into(), MethodFacts::new(&path, streaming)))
            .collect();
        self.insert(name.into(), methods, service, None);
    }

    fn insert<S: Served>(
        &mut self,
        name: Cow<'static, str>,
        methods: HashMap<Cow<'static, str>, MethodFacts>,
        service: S,
        direct: Option<Handler>,
    ) {
        let route = Route {
            service: Box::new(service),
            direct,
            methods,
            unlisted: MethodFacts::new(&format!("/{name}"), true),
        };
        if self.routes.contains_key(&name) {
            tracing::warn!(
                service = &*name,
                "the service was added twice; the later one answers"
            );
        }
        let route = Arc::new(route);
        let known = Arc::make_mut(&mut self.methods);
        for (method, facts) in &route.methods {
            let (facts, route) = (facts.clone(), Arc::clone(&route));
            known.insert(
                format!("/{name}/{method}").into(),
                Known {
                    facts,
                    route,
                    row: None,
                },
            );
        }
        Arc::make_mut(&mut self.routes).insert(name, route);
    }

    /// Sends every call to one service, whatever its path.
    pub(crate) fn send_all_to<S: Served>(&mut self, service: S) {
        self.proxy = Some(Arc::new(Route {
            service: Box::new(service),
            direct: None,
            methods: HashMap::new(),
            unlisted: MethodFacts::new(ANY_PATH, true),
        }));
    }

    /// The names of the services, in alphabetical order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.routes.keys().map(AsRef::as_ref).collect();
        names.sort_unstable();
        names
    }

    /// Who carries out the method at a path without HTTP, and its place in the table.
    pub(crate) fn direct(&self, path: &str) -> Option<(&Handler, usize)> {
        if self.proxy.is_some() {
            return None;
        }
        let known = self.methods.get(path)?;
        Some((known.route.direct.as_ref()?, known.row?))
    }

    /// What is known of the method at a path, and who answers it.
    pub(crate) fn method(&self, path: &str) -> Result<(&MethodFacts, &Arc<Route>), Status> {
        if let Some(proxy) = &self.proxy {
            return Ok((&proxy.unlisted, proxy));
        }
        if let Some(Known { facts, route, .. }) = self.methods.get(path) {
            return Ok((facts, route));
        }
        let (service, method) = split(path).unwrap_or((path, ""));
        let route = self
            .routes
            .get(service)
            .ok_or_else(|| self.unknown_service(service))?;
        if route.methods.is_empty() {
            return Ok((&route.unlisted, route));
        }
        let facts = route.methods.get(method);
        let facts = facts.ok_or_else(|| route.unknown_method(service, method))?;
        Ok((facts, route))
    }

    fn unknown_service(&self, service: &str) -> Status {
        let names = self.names().join(", ");
        Reason::UnknownService.status(format!(
            "this server has no service `{service}`; it has {names}"
        ))
    }
}

impl MethodFacts {
    fn new(path: &str, streaming: bool) -> Self {
        Self {
            path: path.into(),
            streaming,
        }
    }
}

impl Route {
    fn unknown_method(&self, service: &str, method: &str) -> Status {
        let mut names: Vec<&str> = self.methods.keys().map(AsRef::as_ref).collect();
        names.sort_unstable();
        let names = names.join(", ");
        Reason::UnknownMethod.status(format!(
            "service `{service}` has no method `{method}`; it has {names}"
        ))
    }
}

/// `/package.Service/Method` into its two names.
fn split(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix('/')?.split_once('/')
}

impl Service<Request<RequestBody>> for Router {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        // Where the call was admitted, its route is known.
        let known = request.body_mut().facts_mut().route.take();
        let route = match &known {
            Some(route) => Ok(route),
            None => self.method(request.uri().path()).map(|(_, route)| route),
        };
        match route {
            Ok(route) => route.service.dispatch(request),
            Err(status) => Box::pin(std::future::ready(Ok(status.into_http()))),
        }
    }
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Route")
            .field("methods", &self.methods.keys())
            .finish_non_exhaustive()
    }
}

/// A service whose type was erased, so that services of different types fit in one map.
trait Dispatch: Send + Sync {
    fn dispatch(&self, request: Request<RequestBody>) -> BoxFuture<Response<Body>, Infallible>;
}

impl<S: Served> Dispatch for S {
    fn dispatch(&self, request: Request<RequestBody>) -> BoxFuture<Response<Body>, Infallible> {
        // A clone has not been asked whether it is ready, so it is asked before the call.
        let mut service = self.clone();
        match service.poll_ready(&mut Context::from_waker(std::task::Waker::noop())) {
            Poll::Ready(Ok(())) => Box::pin(service.call(request)),
            Poll::Ready(Err(never)) => match never {},
            Poll::Pending => Box::pin(async move {
                std::future::poll_fn(|cx| service.poll_ready(cx)).await?;
                service.call(request).await
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    #[derive(Clone)]
    struct Echo;

    impl Service<Request<RequestBody>> for Echo {
        type Response = Response<Body>;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

        fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _request: Request<RequestBody>) -> Self::Future {
            std::future::ready(Ok(Response::default()))
        }
    }

    static METHODS: [table::Method; 2] = [
        table::Method::new("a.v1.A", "One", "/a.v1.A/One"),
        table::Method::new("a.v1.A", "Many", "/a.v1.A/Many").streaming(false, true),
    ];

    #[test]
    fn a_path_that_is_not_served_says_what_is() {
        let mut router = Router::default();
        router.add("a.v1.A", &METHODS, Echo);
        router.add("b.v1.B", &[], Echo);
        let check = |path: &str, expected: Result<bool, &str>| match (router.method(path), expected)
        {
            (Ok((facts, _)), Ok(streaming)) => assert_eq!(facts.streaming, streaming, "{path}"),
            (Err(status), Err(text)) => {
                assert_eq!(status.code(), Code::Unimplemented, "{path}");
                assert_eq!(status.message(), text, "{path}");
            }
            (found, expected) => panic!("{path}: {found:?}, expected {expected:?}"),
        };
        check("/a.v1.A/One", Ok(false));
        check("/a.v1.A/Many", Ok(true));
        check(
            "/a.v1.A/Three",
            Err("service `a.v1.A` has no method `Three`; it has Many, One"),
        );
        check("/b.v1.B/Anything", Ok(true));
        check(
            "/c.v1.C/One",
            Err("this server has no service `c.v1.C`; it has a.v1.A, b.v1.B"),
        );
        check(
            "",
            Err("this server has no service ``; it has a.v1.A, b.v1.B"),
        );
        check(
            "/",
            Err("this server has no service `/`; it has a.v1.A, b.v1.B"),
        );
    }

    #[test]
    fn a_proxy_takes_every_path() {
        let mut router = Router::default();
        router.add("a.v1.A", &METHODS, Echo);
        router.send_all_to(Echo);
        for path in ["/a.v1.A/One", "/c.v1.C/One", "/", ""] {
            assert!(router.method(path).unwrap().0.streaming, "{path}");
        }
    }
}

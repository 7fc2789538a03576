//! [`Proxy`]: hands calls on to another server as they come, messages unread.
//!
//! It is what a bridge for clients that can dial neither socket nor pipe is made of. A port on loopback is open to every
//! program of the machine, of any user, and to every web page in a browser, so each call has to carry a [`Token`], and
//! calls that a web page could make are refused even with it.

mod body;
mod guard;
mod token;

use std::convert::Infallible;
use std::task::{Context, Poll};

use http::{Request, Response, header};
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tower_service::Service;

pub use token::{Token, TokenError};

use crate::body::RequestBody;
use crate::callback::HOST_PATH;
use crate::channel::Channel;
use crate::status::Reason;
use body::Answer;
use guard::Guard;
pub(crate) use guard::Named;

/// Hands every call on over a channel: all four kinds, with metadata, deadline and trailers. Give it to
/// [`Server::proxy`](crate::Server::proxy).
///
/// Nothing is decoded, so it serves whatever the server behind does, reflection included. A call is sent once. What the
/// channel cannot deliver ends with the channel's own status, UNAVAILABLE where the server behind went away.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use nearcall_rpc::proxy::{Proxy, Token};
///
/// let token = Token::random()?;
/// println!("authorization: Bearer {}", token.reveal());
/// let proxy = Proxy::new(nearcall_rpc::Channel::connect("arith").await?, token);
/// nearcall_rpc::Server::new("http://127.0.0.1:0").proxy(proxy).serve().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Proxy {
    channel: Channel,
    guard: Guard,
}

impl Proxy {
    /// Hands on the calls that carry `token`, as `authorization: Bearer …`.
    #[must_use]
    pub fn new(channel: Channel, token: Token) -> Self {
        Self {
            channel,
            guard: Guard::new(token),
        }
    }

    /// Where the server says by which names it may be called.
    pub(crate) fn named(&self) -> Named {
        self.guard.named()
    }
}

impl Service<Request<RequestBody>> for Proxy {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        if let Err(refusal) = self.guard.admit(&request) {
            return Box::pin(std::future::ready(Ok(refusal.into_http())));
        }
        if request.uri().path() == HOST_PATH {
            // The server behind would call one client for the calls of another: all come by the bridge's own connection.
            let status =
                Reason::UnknownService.status("a bridge hands on no way back to its callers");
            return Box::pin(std::future::ready(Ok(status.into_http())));
        }
        let (mut parts, body) = request.into_parts();
        // The token is for the bridge alone, and the names are the bridge's.
        parts.headers.remove(header::AUTHORIZATION);
        parts.headers.remove(header::HOST);
        // What the bridge knows of the call says nothing of the call that it makes.
        parts.extensions.clear();
        let sending = self
            .channel
            .call(Request::from_parts(parts, Body::new(body)));
        Box::pin(async move {
            Ok(match sending.await {
                Ok(response) => response.map(|body| Body::new(Answer::new(body))),
                Err(status) => status.into_http(),
            })
        })
    }
}

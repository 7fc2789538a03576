//! Which calls a bridge hands on.

use std::sync::{Arc, OnceLock};

use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Request, header};
use nearcall_transport::{Address, Peer, Transport};
use tonic::Status;

use super::Token;
use crate::status::Reason;

/// The scheme of RFC 6750; the name of a scheme is taken in any case (RFC 9110 section 11.1).
const SCHEME: &str = "bearer";

/// Lets calls through that carry the token and cannot come from a web page.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    token: Token,
    named: Named,
}

/// The authorities by which a bridge may be called over TCP, known once it listens. Until then there is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Named(Arc<OnceLock<Vec<String>>>);

impl Named {
    /// Says where the bridge listens.
    pub(crate) fn set<'a>(&self, places: impl Iterator<Item = &'a Address>) {
        let names = places
            .filter_map(|place| match place {
                Address::Http(host) => Some(host),
                _ => None,
            })
            .flat_map(|host| [host.to_string(), format!("localhost:{}", host.port())])
            .collect();
        // A server listens once.
        let _ = self.0.set(names);
    }

    fn has(&self, authority: &str) -> bool {
        let names = self.0.get().map(Vec::as_slice).unwrap_or_default();
        names
            .iter()
            .any(|name| name.eq_ignore_ascii_case(authority))
    }
}

impl Guard {
    pub(super) fn new(token: Token) -> Self {
        Self {
            token,
            named: Named::default(),
        }
    }

    pub(super) fn named(&self) -> Named {
        self.named.clone()
    }

    /// The token is looked at before anything else, so that whoever lacks it learns nothing.
    pub(super) fn admit<B>(&self, request: &Request<B>) -> Result<(), Status> {
        self.token(request.headers())?;
        let peer = request.extensions().get::<Peer>();
        if peer.is_none_or(|peer| peer.transport == Transport::Tcp) {
            self.origin(request)?;
        }
        Ok(())
    }

    fn token(&self, headers: &HeaderMap) -> Result<(), Status> {
        let refused = |found: &str| {
            Reason::TokenRefused.status(format!(
                "a call to a bridge carries `authorization: Bearer TOKEN` once, with the token from the bridge's file; found {found}"
            ))
        };
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => Err(refused("none")),
            (Some(_), Some(_)) => Err(refused("more than one")),
            (Some(value), None) if self.token.matches(credentials(value)) => Ok(()),
            (Some(_), None) => Err(refused("another, perhaps of an earlier start")),
        }
    }

    /// A page in a browser names itself by `origin`; one that reaches loopback through a name of its own (DNS rebinding)
    /// sends that name as the authority. Neither is how a program calls.
    fn origin<B>(&self, request: &Request<B>) -> Result<(), Status> {
        let refused = |what: &str| Reason::OriginRefused.status(what);
        if request.headers().contains_key(header::ORIGIN) {
            return Err(refused(
                "a bridge answers programs, not web pages: the call has an `origin`",
            ));
        }
        let authority = request.uri().authority().map(Authority::as_str);
        let hosts = request.headers().get_all(header::HOST).iter();
        // An undecodable host is compared as none of ours.
        let hosts = hosts.map(|host| host.to_str().unwrap_or_default());
        let mut names = authority.into_iter().chain(hosts).peekable();
        if names.peek().is_none() || !names.all(|name| self.named.has(name)) {
            return Err(refused(
                "a bridge is called by its own address, 127.0.0.1 or localhost with its port; the call has another `:authority` or `host`",
            ));
        }
        Ok(())
    }
}

/// What follows the scheme; nothing where the scheme is another.
fn credentials(value: &HeaderValue) -> &[u8] {
    let value = value.as_bytes();
    match value.split_at_checked(SCHEME.len()) {
        Some((scheme, [b' ', rest @ ..])) if scheme.eq_ignore_ascii_case(SCHEME.as_bytes()) => {
            rest.trim_ascii_start()
        }
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_with_the_token_by_the_right_name_pass() {
        let token = Token::random().unwrap();
        let secret = token.reveal().to_owned();
        let guard = Guard::new(token);
        let address: Address = "http://127.0.0.1:4321".parse().unwrap();
        let check = |uri: &str, headers: &[(&str, &str)], expected: Option<Reason>| {
            let mut request = Request::builder().uri(uri);
            for (name, value) in headers {
                request = request.header(*name, value.replace("SECRET", &secret));
            }
            let found = guard.admit(&request.body(()).unwrap());
            let found = found.err().map(|status| Reason::of(&status).unwrap());
            assert_eq!(found, expected, "{uri} {headers:?}");
        };
        let right = ("authorization", "Bearer SECRET");
        let (token, origin) = (Some(Reason::TokenRefused), Some(Reason::OriginRefused));
        const HERE: &str = "http://127.0.0.1:4321/a.B/C";
        check(HERE, &[right], origin);
        guard.named().set([&address].into_iter());
        check(HERE, &[right], None);
        check(HERE, &[("authorization", "bearer  SECRET")], None);
        check("http://localhost:4321/a.B/C", &[right], None);
        check("http://LOCALHOST:4321/a.B/C", &[right], None);
        check("/a.B/C", &[right, ("host", "localhost:4321")], None);
        check(HERE, &[], token);
        check(HERE, &[("authorization", "SECRET")], token);
        check(HERE, &[("authorization", "Basic SECRET")], token);
        check(HERE, &[("authorization", "BearerSECRET")], token);
        check(HERE, &[("authorization", "Bearer ")], token);
        check(HERE, &[("authorization", "Bearer SECRETx")], token);
        check(HERE, &[("authorization", "Bearer x")], token);
        check(HERE, &[right, right], token);
        check(HERE, &[("origin", "null")], token);
        check(HERE, &[right, ("origin", "null")], origin);
        check(HERE, &[right, ("origin", "http://127.0.0.1:4321")], origin);
        check("http://127.0.0.1:80/a.B/C", &[right], origin);
        check("http://127.0.0.1/a.B/C", &[right], origin);
        check("http://evil.example:4321/a.B/C", &[right], origin);
        check(HERE, &[right, ("host", "evil.example:4321")], origin);
        check("http://x@127.0.0.1:4321/a.B/C", &[right], origin);
        check("/a.B/C", &[right], origin);
    }
}

//! From text to [`Address`].

use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::str::FromStr;

use super::{Address, HttpHost};
use crate::name::NameError;

/// The schemes there are, for those who wrote another.
#[cfg(not(windows))]
const SCHEMES: &str = "unix:, unix-abstract:, http://, inherit:, memory:, parity:";
#[cfg(windows)]
const SCHEMES: &str = "pipe:, http://, inherit:, memory:, parity:";

/// Limit: the longest name of a pipe, in units of UTF-16: the system takes 256 with `\\\\.\\pipe\\` before it.
const PIPE_NAME_LEN_MAX: usize = 247;

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Nothing at all.
    #[error(
        "expected an address such as `unix:/run/arith.sock` or a name such as `arith`, found nothing"
    )]
    Empty,
    /// No scheme where only an address will do.
    #[error(
        "expected an address with a scheme ({SCHEMES}), found {text:?}; write `unix:{text}` if it is a path"
    )]
    NoScheme {
        /// The text.
        text: String,
    },
    /// A scheme that nobody knows.
    #[error("expected one of {SCHEMES}, found the scheme `{scheme}:`")]
    UnknownScheme {
        /// The scheme.
        scheme: String,
    },
    /// A scheme that this build or system does not have.
    #[error("{text:?} cannot be used: {why}")]
    Unavailable {
        /// The text.
        text: String,
        /// Why, and what to use in its place.
        why: &'static str,
    },
    /// Nothing after the scheme.
    #[error("expected {expected} after `{scheme}`, found nothing")]
    Missing {
        /// The scheme.
        scheme: &'static str,
        /// What should be there.
        expected: &'static str,
    },
    /// A byte that no address has.
    #[error("an address cannot hold a NUL byte, and {text:?} does; remove it")]
    Nul {
        /// The text.
        text: String,
    },
    /// The name of a pipe is too long.
    #[error(
        "the name of the pipe {name} has {len} characters, and Windows takes {PIPE_NAME_LEN_MAX}; shorten it"
    )]
    PipeTooLong {
        /// The name.
        name: String,
        /// How long it is, in units of UTF-16.
        len: usize,
    },
    /// Something else after the scheme.
    #[error("expected {expected}, found {found:?} in {text:?}")]
    Malformed {
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
        /// The text.
        text: String,
    },
    /// It has no scheme, so it should be a name, and is none.
    #[error(
        "{text:?} is neither a name such as `arith` or `arena/arith` nor an address such as `unix:/run/arith.sock`"
    )]
    Name {
        /// The text.
        text: String,
        /// Why it is no name.
        #[source]
        source: NameError,
    },
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.contains('\0') {
            return Err(AddressError::Nul {
                text: text.to_owned(),
            });
        }
        let Some((scheme, rest)) = text.split_once(':') else {
            return Err(AddressError::NoScheme {
                text: text.to_owned(),
            });
        };
        let unavailable = |why| {
            Err(AddressError::Unavailable {
                text: text.to_owned(),
                why,
            })
        };
        match scheme {
            "unix" | "unix-abstract" if cfg!(windows) => {
                unavailable("nearcall uses no Unix sockets on Windows; use `pipe:` here")
            }
            "unix" => unix(rest, text).map(Self::Unix),
            "unix-abstract" => present(rest, "unix-abstract:", "a name").map(Self::UnixAbstract),
            "http" => http(rest, text).map(Self::Http),
            "inherit" => inherit(rest, text).map(Self::Inherit),
            "memory" => present(rest, "memory:", "a name").map(Self::Memory),
            "parity" => parity(rest, text).map(Self::Parity),
            "pipe" if cfg!(windows) => pipe(rest, text).map(Self::Pipe),
            "pipe" => unavailable("named pipes exist on Windows only; use `unix:` here"),
            "https" => unavailable(
                "https is not built in yet; use `http://` on this machine, or a proxy that ends TLS in front of it",
            ),
            _ => Err(AddressError::UnknownScheme {
                scheme: scheme.to_owned(),
            }),
        }
    }
}

fn present(
    rest: &str,
    scheme: &'static str,
    expected: &'static str,
) -> Result<String, AddressError> {
    if rest.is_empty() {
        Err(AddressError::Missing { scheme, expected })
    } else {
        Ok(rest.to_owned())
    }
}

fn unix(rest: &str, text: &str) -> Result<PathBuf, AddressError> {
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(path) if path.is_empty() || path.starts_with('/') => path,
        Some(host) => {
            return Err(AddressError::Malformed {
                expected: "`unix:/path`, or `unix:///path` with nothing between the second and the third slash",
                found: host.split('/').next().unwrap_or(host).to_owned(),
                text: text.to_owned(),
            });
        }
    };
    present(path, "unix:", "the path of a socket").map(PathBuf::from)
}

/// A slash would become a backslash on its way, and that begins a folder that pipes do not have.
fn pipe(rest: &str, text: &str) -> Result<String, AddressError> {
    let name = present(rest, "pipe:", "the name of a pipe")?;
    let belongs = |found: char| !matches!(found, '\\' | '/') && !found.is_control();
    if let Some(found) = name.chars().find(|&found| !belongs(found)) {
        return Err(AddressError::Malformed {
            expected: "the name of a pipe, without backslashes, slashes and control characters",
            found: found.to_string(),
            text: text.to_owned(),
        });
    }
    let len = name.encode_utf16().count();
    if len > PIPE_NAME_LEN_MAX {
        return Err(AddressError::PipeTooLong { name, len });
    }
    Ok(name)
}

fn http(rest: &str, text: &str) -> Result<HttpHost, AddressError> {
    let malformed = |expected, found: &str| AddressError::Malformed {
        expected,
        found: found.to_owned(),
        text: text.to_owned(),
    };
    let Some(place) = rest.strip_prefix("//") else {
        return Err(malformed("`//` and then host:port after `http:`", rest));
    };
    let place = place.strip_suffix('/').unwrap_or(place);
    if place.is_empty() {
        return Err(AddressError::Missing {
            scheme: "http://",
            expected: "host:port",
        });
    }
    let (host, port) = match place.strip_prefix('[') {
        Some(bracketed) => {
            let Some((host, port)) = bracketed.split_once("]:") else {
                return Err(malformed("[IPv6]:port", place));
            };
            if host.parse::<Ipv6Addr>().is_err() {
                return Err(malformed("an IPv6 address between the brackets", host));
            }
            (host, port)
        }
        None => {
            let Some((host, port)) = place.split_once(':') else {
                return Err(malformed("host:port with a port from 0 to 65535", place));
            };
            if port.contains(':') {
                return Err(malformed(
                    "brackets around an IPv6 address, as `http://[::1]:50051`",
                    place,
                ));
            }
            (host, port)
        }
    };
    let of_host =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
    if host.is_empty() || !host.bytes().all(of_host) {
        return Err(malformed("a host name or an IP address", host));
    }
    match number::<u16>(port) {
        Some(port) => Ok(HttpHost::checked(host.to_owned(), port)),
        None => Err(malformed(
            "a port from 0 to 65535 and nothing after it",
            port,
        )),
    }
}

fn inherit(rest: &str, text: &str) -> Result<Option<u32>, AddressError> {
    if rest.is_empty() {
        return Ok(None);
    }
    match number::<u32>(rest) {
        Some(number) if i32::try_from(number).is_ok() => Ok(Some(number)),
        _ => Err(AddressError::Malformed {
            expected: "the number of a descriptor after `inherit:`, or nothing",
            found: rest.to_owned(),
            text: text.to_owned(),
        }),
    }
}

fn parity(rest: &str, text: &str) -> Result<String, AddressError> {
    let root = if cfg!(windows) { r"\\.\pipe\" } else { "/" };
    let endpoint = present(rest, "parity:", "an absolute path or a name")?;
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if endpoint.starts_with(root) || endpoint.bytes().all(of_name) {
        return Ok(endpoint);
    }
    Err(AddressError::Malformed {
        expected: "an absolute path, or a name of letters, digits, `-` and `_`",
        found: endpoint,
        text: text.to_owned(),
    })
}

/// Digits alone: `parse` would take a `+` too, and the text would not come back as it was.
fn number<T: FromStr>(text: &str) -> Option<T> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

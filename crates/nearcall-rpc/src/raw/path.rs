//! The path of a method, checked once.

use std::fmt;
use std::str::FromStr;

use http::uri::PathAndQuery;

/// Where a call goes: `/package.Service/Method`.
///
/// Both names are made of what protobuf allows in names, so a path never carries a query, an escape or a third part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodPath {
    path: PathAndQuery,
    /// Where the slash between service and method is.
    slash: usize,
}

impl MethodPath {
    /// The path of `method` in `service`, whose name is the full one (`arith.v1.Arith`).
    ///
    /// # Errors
    ///
    /// [`MethodPathError`] when a name is not one that protobuf allows.
    pub fn new(service: &str, method: &str) -> Result<Self, MethodPathError> {
        let refused = || MethodPathError {
            given: format!("{service}/{method}"),
        };
        if !service.split('.').all(is_identifier) || !is_identifier(method) {
            return Err(refused());
        }
        let path = format!("/{service}/{method}")
            .parse()
            .map_err(|_| refused())?;
        Ok(Self {
            path,
            slash: service.len() + 1,
        })
    }

    /// The full name of the service, `arith.v1.Arith`.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.path.as_str()[1..self.slash]
    }

    /// The name of the method, `Multiply`.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.path.as_str()[self.slash + 1..]
    }

    /// The path as it is sent, `/arith.v1.Arith/Multiply`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.path.as_str()
    }

    pub(super) fn to_path_and_query(&self) -> PathAndQuery {
        self.path.clone()
    }
}

impl FromStr for MethodPath {
    type Err = MethodPathError;

    /// Reads `/package.Service/Method`; the first slash may be left out.
    fn from_str(given: &str) -> Result<Self, MethodPathError> {
        given
            .strip_prefix('/')
            .unwrap_or(given)
            .split_once('/')
            .ok_or_else(|| MethodPathError {
                given: given.to_owned(),
            })
            .and_then(|(service, method)| Self::new(service, method))
    }
}

impl fmt::Display for MethodPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was given does not name a method.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a method as package.Service/Method, found {given:?}")]
pub struct MethodPathError {
    /// What was given.
    pub given: String,
}

/// An identifier of protobuf: a letter or `_`, then letters, digits and `_`.
fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_what_names_a_method() {
        let check = |given: &str, expected: Option<(&str, &str)>| {
            let path = given.parse::<MethodPath>().ok();
            let names = path.as_ref().map(|path| (path.service(), path.method()));
            assert_eq!(names, expected, "{given:?}");
        };
        check(
            "arith.v1.Arith/Multiply",
            Some(("arith.v1.Arith", "Multiply")),
        );
        check(
            "/arith.v1.Arith/Multiply",
            Some(("arith.v1.Arith", "Multiply")),
        );
        check("Bare/_call2", Some(("Bare", "_call2")));
        for refused in [
            "", "/", "A/", "/B", "A", "A/B/C", "//A/B", "A.B", "A..B/C", ".A/B", "A./B", "A/B?c=d",
            "A/B#c", "A b/C", "A/Ü", "1A/B", "A/1", "A%2F/B",
        ] {
            check(refused, None);
        }
    }
}

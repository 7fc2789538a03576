//! What a caller of a bridge has to know.

use std::fmt;

use subtle::ConstantTimeEq as _;

/// How many random bytes a token is made of; 128 bits would do.
const TOKEN_BYTES: usize = 32;

/// A secret of one start of a bridge: random, told to nobody but through [`Token::reveal`].
#[derive(Clone)]
pub struct Token(String);

/// The system has no random numbers to give.
#[derive(Debug, thiserror::Error)]
#[error("the system gave no random numbers for a token: {0}")]
pub struct TokenError(getrandom::Error);

impl Token {
    /// A new one, of 256 random bits from the system.
    ///
    /// # Errors
    ///
    /// The system has no random numbers to give.
    pub fn random() -> Result<Self, TokenError> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes).map_err(TokenError)?;
        Ok(Self(
            bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        ))
    }

    /// The secret itself, in hexadecimal.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether these are the bytes of the token. How long the comparison takes says nothing but whether the length fits,
    /// which is no secret.
    pub(crate) fn matches(&self, found: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(found).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_new_and_not_shown_by_chance() {
        let (one, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert_eq!(one.reveal().len(), TOKEN_BYTES * 2);
        assert_ne!(one.reveal(), other.reveal());
        assert!(one.matches(one.reveal().as_bytes()));
        assert!(!one.matches(other.reveal().as_bytes()));
        assert!(!one.matches(b""));
        assert!(!format!("{one:?}").contains(one.reveal()));
    }
}

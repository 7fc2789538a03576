//! Stand-ins.
use std::fmt;
use std::str::FromStr;

macro_rules! name {
    ($name:ident) => {
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(String);
        impl $name { pub(crate) fn as_str(&self) -> &str { &self.0 } }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl FromStr for $name {
            type Err = std::io::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let ok = !text.is_empty() && text.len() <= 32 && text.starts_with(|c: char| c.is_ascii_lowercase())
                    && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
                if ok { Ok(Self(text.to_owned())) } else { Err(std::io::Error::other(format!("bad name {text:?}"))) }
            }
        }
    };
}
name!(ServiceName);
name!(World);

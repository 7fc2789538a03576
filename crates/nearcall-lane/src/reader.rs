//! Reads the parts of a frame, each checked to be there.

use crate::frame::Kind;
use crate::violation::Violation;

/// What is left of a frame's body.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    kind: Kind,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(kind: Kind, rest: &'a [u8]) -> Self {
        Self { rest, kind }
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) const fn malformed(&self, expected: &'static str) -> Violation {
        Violation::Malformed {
            kind: self.kind,
            expected,
        }
    }

    pub(crate) fn take(&mut self, n: usize, expected: &'static str) -> Result<&'a [u8], Violation> {
        let (taken, rest) = self
            .rest
            .split_at_checked(n)
            .ok_or_else(|| self.malformed(expected))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, expected: &'static str) -> Result<[u8; N], Violation> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or_else(|| self.malformed(expected))?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u16(&mut self, expected: &'static str) -> Result<u16, Violation> {
        self.array(expected).map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self, expected: &'static str) -> Result<u32, Violation> {
        self.array(expected).map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self, expected: &'static str) -> Result<u64, Violation> {
        self.array(expected).map(u64::from_le_bytes)
    }

    /// A text or bytes with their length in two bytes before them.
    pub(crate) fn sized(
        &mut self,
        max: usize,
        expected: &'static str,
    ) -> Result<&'a [u8], Violation> {
        let length = usize::from(self.u16(expected)?);
        if length > max {
            return Err(self.malformed(expected));
        }
        self.take(length, expected)
    }

    pub(crate) fn end(&self) -> Result<(), Violation> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.malformed("the end"))
        }
    }
}

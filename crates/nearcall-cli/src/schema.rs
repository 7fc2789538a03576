//! What a server's services and messages look like, known only at run time.

pub(crate) mod json;
pub(crate) mod mismatch;
pub(crate) mod print;
pub(crate) mod suggest;
#[cfg(test)]
pub(crate) mod testing;

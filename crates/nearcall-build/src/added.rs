//! What is added to tonic's code: one module per addition.

pub(crate) mod blocking;
pub(crate) mod calls;
pub(crate) mod described;
pub(crate) mod stub;
pub(crate) mod table;

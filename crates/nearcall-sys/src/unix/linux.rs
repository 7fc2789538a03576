//! What Linux alone has: memory that is sealed, words that the kernel waits for, sockets that keep messages apart.

pub(crate) mod memory;
pub(super) mod packet;

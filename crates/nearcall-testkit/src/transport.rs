//! What every wire has to do, as one suite: a [`Wire`] says how to listen and how to dial, a check says what must hold.
//!
//! [`transport_suite!`](crate::transport_suite) makes one test of each check for one wire.

mod listening;
mod stream;
mod wire;

pub use listening::{
    accept_is_cancel_safe, bind_twice_is_refused, drop_leaves_nothing, many_connections,
    nobody_listens, peer_is_known,
};
pub use stream::{
    echo, end_follows_a_dropped_peer, end_follows_a_peer_that_leaves_halfway, half_close,
    large_transfers_both_ways, vectored_writes,
};
pub use wire::Wire;

/// Makes a module of tests, one for each thing that a stream of bytes has to do.
#[macro_export]
macro_rules! stream_suite {
    ($name:ident, $wire:expr) => {
        $crate::transport_suite!(@tests $name, $wire, [
            echo, large_transfers_both_ways, half_close, end_follows_a_dropped_peer,
            end_follows_a_peer_that_leaves_halfway, vectored_writes
        ]);
    };
}

/// Makes a module of tests, one for each thing that a wire with a listener has to do.
#[macro_export]
macro_rules! transport_suite {
    ($name:ident, $wire:expr) => {
        $crate::transport_suite!(@tests $name, $wire, [
            echo, large_transfers_both_ways, half_close, end_follows_a_dropped_peer,
            end_follows_a_peer_that_leaves_halfway, vectored_writes,
            accept_is_cancel_safe, bind_twice_is_refused, drop_leaves_nothing, many_connections, nobody_listens,
            peer_is_known
        ]);
    };
    (@tests $name:ident, $wire:expr, [$($check:ident),*]) => {
        mod $name {
            use super::*;
            $(
                #[tokio::test]
                async fn $check() {
                    $crate::transport::$check(&$wire).await;
                }
            )*
        }
    };
}

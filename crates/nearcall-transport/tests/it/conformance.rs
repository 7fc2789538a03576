//! One suite over every wire.

use nearcall_testkit::transport::Wire;
use nearcall_testkit::{stream_suite, transport_suite};

#[cfg(unix)]
transport_suite!(unix, Wire::unix());
#[cfg(windows)]
transport_suite!(pipe, Wire::pipe());
#[cfg(target_os = "linux")]
transport_suite!(unix_abstract, Wire::unix_abstract());
transport_suite!(tcp, Wire::tcp());
transport_suite!(memory, Wire::memory());
#[cfg(feature = "parity-tokio-ipc")]
transport_suite!(parity, Wire::parity());
// Its listener has one connection, so what concerns several does not apply; `child.rs` has the rest.
stream_suite!(inherit, Wire::inherit());

//! One script over both wires, and what came of it compared answer by answer.
//!
//! A case is a script that answers with a value: all that its caller was told, and what became of the handlers. [`same`]
//! runs it over gRPC and over the lane and holds the two values against each other; what the value should be, the case
//! says itself. Where the wires differ on purpose is said once, in [`transcript`].

mod cancellation;
mod computing;
mod crowds;
mod deadlines;
mod kinds;
mod metadata;
mod panics;
mod retries;
mod services;
mod shutdown;
mod sizes;
mod statuses;
mod transcript;

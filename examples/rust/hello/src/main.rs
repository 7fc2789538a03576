//! Dial, call, handle an error, a deadline, a stream.

fn main() {}

//! The arith service.

fn main() {}

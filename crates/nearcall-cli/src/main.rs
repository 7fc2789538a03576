//! The `nearcall` command.

fn main() {}

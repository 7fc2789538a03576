//! Generates the arith service.

fn main() -> Result<(), nearcall_build::Error> {
    nearcall_build::compile(["../../proto/arith/v1/arith.proto"], ["../../proto"])
}

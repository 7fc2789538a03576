//! Generates the services that the suites call, and the one that the examples in the documentation do.

fn main() -> Result<(), nearcall_build::Error> {
    nearcall_build::compile(
        [
            "proto/testing/v1/probe.proto",
            "proto/grpc/testing/test.proto",
            "../../proto/arith/v1/arith.proto",
        ],
        ["proto", "../../proto"],
    )
}

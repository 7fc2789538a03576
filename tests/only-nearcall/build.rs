//! Generates code for the whole of proto3.

fn main() -> Result<(), nearcall_build::Error> {
    nearcall_build::compile(
        [
            "proto/a/v1/a.proto",
            "proto/everything/v1/everything.proto",
            "proto/gameState/v1/state.proto",
            "proto/loose.proto",
            "proto/type/v1/type.proto",
        ],
        ["proto"],
    )
}

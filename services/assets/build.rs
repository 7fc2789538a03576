//! Generates the asset service.

fn main() -> Result<(), nearcall_build::Error> {
    nearcall_build::compile(["../../proto/assets/v1/assets.proto"], ["../../proto"])
}

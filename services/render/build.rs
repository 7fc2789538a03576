//! Generates the render service.

fn main() -> Result<(), nearcall_build::Error> {
    nearcall_build::compile(["../../proto/render/v1/render.proto"], ["../../proto"])
}

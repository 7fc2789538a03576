//! Generates the echo service as any user of nearcall would.

fn main() -> Result<(), nearcall_build::Error> {
    nearcall_build::compile(["../../proto/bench/v1/echo.proto"], ["../../proto"])
}

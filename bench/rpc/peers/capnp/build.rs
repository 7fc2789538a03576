//! Generates the echo service; takes the `capnp` tool.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=echo.capnp");
    capnpc::CompilerCommand::new().file("echo.capnp").run()?;
    Ok(())
}

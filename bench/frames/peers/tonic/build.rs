//! Generates the service as any tonic user would.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const PROTO: &str = "../../proto";
    let file = format!("{PROTO}/bench/v1/frames.proto");
    println!("cargo:rerun-if-changed={file}");
    let descriptors = protox::compile([&file], [PROTO])?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}

//! Generates the arith service as any tonic user would.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const PROTO: &str = "../../../proto";
    let file = format!("{PROTO}/arith/v1/arith.proto");
    println!("cargo:rerun-if-changed={file}");
    let descriptors = protox::compile([&file], [PROTO])?;
    tonic_prost_build::configure()
        .build_client(false)
        .compile_fds(descriptors)?;
    Ok(())
}

//! Generates the echo service as ttrpc's own documentation does.

use ttrpc_codegen::{Codegen, Customize, ProtobufCustomize};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const PROTO: &str = "../../proto";
    let file = format!("{PROTO}/bench/v1/echo.proto");
    println!("cargo:rerun-if-changed={file}");
    let out = std::env::var("OUT_DIR")?;
    Codegen::new()
        .out_dir(&out)
        .input(file)
        .include(PROTO)
        .rust_protobuf()
        .customize(Customize {
            async_all: true,
            gen_mod: true,
            ..Default::default()
        })
        .rust_protobuf_customize(ProtobufCustomize::default().gen_mod_rs(true))
        .run()?;
    // The generated mod.rs begins with an inner attribute, which `include!` does not take.
    std::fs::write(
        format!("{out}/proto.rs"),
        "pub mod echo;\npub mod echo_ttrpc;\n",
    )?;
    Ok(())
}

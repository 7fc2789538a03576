//! Gives the shared library the name under which it is installed, so that what links to it finds it there.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The number is that of the ABI, as `nearcall_abi_version` has it.
    let name = match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux") => "-Wl,-soname,libnearcall.so.1",
        // Programs say where they look, by an rpath of their own, so that the folder can be moved.
        Ok("macos") => "-Wl,-install_name,@rpath/libnearcall.dylib",
        _ => return,
    };
    println!("cargo:rustc-cdylib-link-arg={name}");
}

//! Gives the shared library the name under which it is installed, so that what links to it finds it there.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The number is that of the ABI, as `nearcall_abi_version` has it.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libnearcall.so.1");
    }
}

//! Which files are written, and when.

use std::time::SystemTime;

use nearcall_build::Builder;

use crate::generated;

#[test]
fn files_are_named_by_proto_package() {
    fn check(protos: &[&str], expected: &[&str]) {
        let files = generated(Builder::new(), protos);
        assert_eq!(files.keys().collect::<Vec<_>>(), expected, "{protos:?}");
    }
    check(
        &["shop.proto"],
        &["proto-modules.rs", "type.v1.Shop.binpb", "type.v1.rs"],
    );
    check(&["loose.proto"], &["_.rs", "proto-modules.rs"]);
    check(
        &["camel.proto"],
        &[
            "gameState.rs",
            "gameState.v1.StateKeeper.binpb",
            "gameState.v1.rs",
            "proto-modules.rs",
        ],
    );
    // Options have no code of their own.
    check(&["options.proto"], &["proto-modules.rs"]);
}

#[test]
fn modules_are_nested_as_packages_are() {
    let files = generated(
        Builder::new(),
        &["camel.proto", "loose.proto", "shop.proto"],
    );
    let modules = std::str::from_utf8(&files["proto-modules.rs"]).unwrap();
    insta::assert_snapshot!("modules", modules);
}

#[test]
fn the_same_files_give_the_same_code() {
    let protos = ["camel.proto", "loose.proto", "shop.proto"];
    let first = generated(Builder::new(), &protos);
    for _ in 0..3 {
        assert!(generated(Builder::new(), &protos) == first);
    }
}

#[test]
fn an_unchanged_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let run = |builder: Builder| {
        let builder = builder.out_dir(folder.path());
        builder
            .compile(["tests/good/shop.proto"], ["tests/good"])
            .unwrap();
    };
    run(Builder::new());
    let path = folder.path().join("type.v1.rs");
    let old = SystemTime::UNIX_EPOCH;
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(old)
        .unwrap();
    let modified = || path.metadata().unwrap().modified().unwrap();
    run(Builder::new());
    assert_eq!(modified(), old);
    run(Builder::new().client(false));
    assert_ne!(modified(), old);
}

#[test]
fn an_input_is_found_by_any_of_its_paths() {
    let folder = tempfile::tempdir().unwrap();
    let absolute = std::path::absolute("tests/good").unwrap();
    let (proto, absolute_proto) = ("tests/good/shop.proto".into(), absolute.join("shop.proto"));
    let check = |proto: &std::path::Path, include: &std::path::Path| {
        let builder = Builder::new().out_dir(folder.path());
        builder
            .compile([proto], [include])
            .unwrap_or_else(|error| panic!("{proto:?} {include:?}: {error}"));
    };
    let proto: std::path::PathBuf = proto;
    check(&proto, "tests/good".as_ref());
    check(&proto, &absolute);
    check(&absolute_proto, "tests/good".as_ref());
    check(&absolute_proto, &absolute);
    check("shop.proto".as_ref(), "tests/good".as_ref());
    check(
        "tests/bad/../good/shop.proto".as_ref(),
        "tests/good".as_ref(),
    );
}

#[test]
fn only_what_is_asked_for_is_generated() {
    fn check(builder: Builder, client: bool, server: bool) {
        let files = generated(builder, &["shop.proto"]);
        let code = std::str::from_utf8(&files["type.v1.rs"]).unwrap();
        assert_eq!(code.contains("pub mod shop_client"), client);
        assert_eq!(code.contains("pub mod shop_server"), server);
        assert!(code.contains("pub static SHOP_SERVICE"));
    }
    check(Builder::new(), true, true);
    check(Builder::new().client(false), false, true);
    check(Builder::new().server(false), true, false);
}

#[test]
fn bytes_are_shared_where_asked_for() {
    fn check(paths: &[&str], note: &str, cheque: &str) {
        let files = generated(Builder::new().bytes(paths.iter().copied()), &["shop.proto"]);
        let code = std::str::from_utf8(&files["type.v1.rs"]).unwrap();
        assert!(
            code.contains(&format!("pub note: ::nearcall::codegen::prost::{note},")),
            "{paths:?}"
        );
        assert!(
            code.contains(&format!("Cheque(::nearcall::codegen::prost::{cheque})")),
            "{paths:?}"
        );
    }
    const VEC: &str = "alloc::vec::Vec<u8>";
    const BYTES: &str = "bytes::Bytes";
    check(&[], VEC, VEC);
    check(&["."], BYTES, BYTES);
    check(&[".type.v1.Order"], BYTES, VEC);
    check(&[".type.v1.Receipt.cheque"], VEC, BYTES);
}

#[test]
fn messages_of_nearcalls_own_are_imported_and_not_generated() {
    let folder = tempfile::tempdir().unwrap();
    Builder::new()
        .out_dir(folder.path())
        .compile(["tests/good/bulky.proto"], ["tests/good", "../../proto"])
        .unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let code = read("bulky.v1.rs");
    assert!(
        code.contains("::nearcall::codegen::proto::frames::v1::Bulk"),
        "{code}"
    );
    assert!(!folder.path().join("nearcall.frames.v1.rs").exists());
    assert!(!read("proto-modules.rs").contains("frames"));
    // Who asks for the file itself gets its code.
    Builder::new()
        .out_dir(folder.path())
        .compile(
            ["../../proto/nearcall/frames/v1/frames.proto"],
            ["../../proto"],
        )
        .unwrap();
    assert!(read("nearcall.frames.v1.rs").contains("pub struct Bulk"));
}

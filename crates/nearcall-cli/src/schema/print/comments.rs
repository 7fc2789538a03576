//! Comments of a file, by what they are about.

use std::collections::HashMap;

use prost_reflect::FileDescriptor;

/// The comments of one file. A path says where a definition is, as in `google.protobuf.SourceCodeInfo.Location`.
#[derive(Debug, Default)]
pub(super) struct Comments {
    by_path: HashMap<Vec<i32>, Around>,
}

/// What is written before and after one definition.
#[derive(Debug, Default)]
struct Around {
    before: String,
    after: String,
}

impl Comments {
    /// Those of a file; none when its descriptor was made without them.
    pub(super) fn of(file: &FileDescriptor) -> Self {
        let Some(info) = &file.file_descriptor_proto().source_code_info else {
            return Self::default();
        };
        let by_path = info
            .location
            .iter()
            .filter(|location| {
                location.leading_comments.is_some() || location.trailing_comments.is_some()
            })
            .map(|location| {
                let around = Around {
                    before: location.leading_comments().to_owned(),
                    after: location.trailing_comments().to_owned(),
                };
                (location.path.clone(), around)
            })
            .collect();
        Self { by_path }
    }

    /// The lines before a definition, each with the space that followed the comment mark.
    pub(super) fn before(&self, path: &[i32]) -> Vec<&str> {
        self.by_path
            .get(path)
            .map(|around| lines(&around.before))
            .unwrap_or_default()
    }

    /// The lines after a definition.
    pub(super) fn after(&self, path: &[i32]) -> Vec<&str> {
        self.by_path
            .get(path)
            .map(|around| lines(&around.after))
            .unwrap_or_default()
    }
}

fn lines(comment: &str) -> Vec<&str> {
    comment.trim_end_matches('\n').lines().collect()
}

//! A pipe.

use std::path::Path;

use nearcall_sidecar::Frames;

/// An address that no other test has.
pub(crate) fn address_in(folder: &Path) -> String {
    let name = folder.file_name().unwrap().to_string_lossy();
    let pid = std::process::id();
    format!("pipe:nearcall-frames-test-{pid}{name}")
}

/// Channels whose frames may come by every way.
pub(crate) fn frames_in(_folder: &Path) -> Frames {
    Frames::new()
}

//! A pipe.

use std::path::Path;

use nearcall_sidecar::Frames;

/// An address that no other test has. From here on this process lets no handles be put into it, if that is what is tried.
pub(crate) fn address_in(folder: &Path) -> String {
    crate::handles::hide();
    let name = folder.file_name().unwrap().to_string_lossy();
    let pid = std::process::id();
    format!("pipe:nearcall-frames-test-{pid}{name}")
}

/// Channels whose frames may come by every way.
pub(crate) fn frames_in(_folder: &Path) -> Frames {
    Frames::new()
}

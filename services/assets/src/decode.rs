//! From a file's bytes to an asset, within limits.

mod mesh;
mod picture;
mod sound;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::asset::{Asset, Format, LoadError};
use crate::folder::Folder;
use crate::path::AssetPath;

/// Decodes a file. A glTF file may name others, which are read from the folder too.
pub(crate) fn decode(
    format: Format,
    bytes: &[u8],
    path: &AssetPath,
    folder: &Folder,
) -> Result<Asset, LoadError> {
    // A library that loses its way in a damaged file takes its thread down; the file is damaged, and the rest goes on.
    let decoded = catch_unwind(AssertUnwindSafe(|| match format {
        Format::Png => picture::png(bytes),
        Format::Jpeg => picture::jpeg(bytes),
        Format::Wav => sound::wav(bytes),
        Format::Ogg => sound::ogg(bytes),
        Format::Gltf => mesh::gltf(bytes, path, folder),
    }));
    decoded.unwrap_or_else(|_| Err(LoadError::corrupt("decoding it failed")))
}

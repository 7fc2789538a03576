//! How much of each thing there may be.

/// Files that `List` tells of, and that one `Load` loads.
pub(crate) const FILES_MAX: usize = 4_096;

/// Names that `List` looks at, of assets or not.
pub(crate) const NAMES_MAX: usize = 262_144;

/// How deep a folder may sit in the folder of assets.
pub(crate) const DEPTH_MAX: usize = 16;

/// Bytes of a path.
pub(crate) const PATH_BYTES_MAX: usize = 1_024;

/// Bytes of a file that is loaded or kept, and of all files that one glTF file refers to together.
pub(crate) const FILE_BYTES_MAX: u64 = 64 * 1_024 * 1_024;

/// Bytes of an asset once it is decoded: a small file can say that it is large.
pub(crate) const ASSET_BYTES_MAX: usize = 256 * 1_024 * 1_024;

/// Pixels along one side of a picture.
pub(crate) const SIDE_MAX: u32 = 16_384;

/// Samples for each moment of sound.
pub(crate) const CHANNELS_MAX: u16 = 8;

/// Passes over a JPEG file, which can hold thousands that change nothing.
pub(crate) const SCANS_MAX: usize = 100;

/// Buffers, nodes and primitives of one glTF file, each.
pub(crate) const PARTS_MAX: usize = 65_536;

/// Files that are decoded at once, of all calls.
pub(crate) const DECODED_AT_ONCE: usize = 2;

/// Events of one call that are ready and not on their way yet.
pub(crate) const EVENTS_MAX: usize = 4;

/// Bytes that are read between two events of progress.
pub(crate) const STEP_BYTES: usize = 256 * 1_024;

//! How bulk data stands in its memory: one line that says whose it is, then, from the second page on, the bytes.

/// The first bytes.
const MAGIC: [u8; 8] = *b"\x89NBLK\r\n\x00";

/// Where the bytes begin.
pub(crate) const BYTES_AT: usize = 4_096;

/// Bytes of the line.
pub(crate) const LINE_BYTES: usize = 32;

/// The line: the magic, then the lease, by which a client knows that the path did not lead elsewhere meanwhile.
pub(crate) fn line(lease: &[u8; 16]) -> [u8; LINE_BYTES] {
    let mut line = [0; LINE_BYTES];
    line[..8].copy_from_slice(&MAGIC);
    line[8..24].copy_from_slice(lease);
    line
}

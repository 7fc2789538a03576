//! The authority filter over any bytes in any pieces: no panic, the same bytes however they are split, a bounded output,
//! nothing left to heal in what was healed. The first byte of the input is the length of the pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nearcall_transport::authority::{Filter, HEADER_BLOCK_MAX};

/// As good as the default for what is tried, and reached by short inputs.
const SMALL_BLOCK_MAX: usize = 200;

fuzz_target!(|input: &[u8]| {
    let Some((&piece, bytes)) = input.split_first() else {
        return;
    };
    for block_max in [HEADER_BLOCK_MAX, SMALL_BLOCK_MAX] {
        let filtered =
            |bytes, piece| filtered(Filter::with_header_block_max(block_max), bytes, piece);
        let healed = filtered(bytes, bytes.len());
        assert_eq!(
            filtered(bytes, usize::from(piece)),
            healed,
            "split into pieces of {piece}"
        );
        assert_eq!(filtered(bytes, 1), healed, "split into single bytes");
        assert!(healed.len() <= 2 * bytes.len());
        assert_eq!(filtered(&healed, healed.len()), healed, "healed twice");
    }
});

/// What becomes of `bytes` when they arrive in pieces of `piece`.
fn filtered(mut filter: Filter, bytes: &[u8], piece: usize) -> Vec<u8> {
    let mut healed = Vec::new();
    let mut out = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        let kept = filter.follow(piece, &mut out);
        healed.extend_from_slice(&piece[..kept]);
        healed.append(&mut out);
    }
    filter.finish(&mut out);
    healed.append(&mut out);
    healed
}

//! The authority filter over any bytes in any pieces: no panic, the same bytes however they are split, a bounded output,
//! nothing left to heal in what was healed. The first byte of the input is the length of the pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nearcall_transport::authority::{Filter, HEADER_BLOCK_MAX};

fuzz_target!(|input: &[u8]| {
    let Some((&piece, bytes)) = input.split_first() else {
        return;
    };
    let healed = filtered(bytes, bytes.len());
    assert_eq!(filtered(bytes, usize::from(piece)), healed, "split into pieces of {piece}");
    assert_eq!(filtered(bytes, 1), healed, "split into single bytes");
    assert!(healed.len() <= bytes.len() + HEADER_BLOCK_MAX);
    assert_eq!(filtered(&healed, healed.len()), healed, "healed twice");
});

/// What becomes of `bytes` when they arrive in pieces of `piece`.
fn filtered(bytes: &[u8], piece: usize) -> Vec<u8> {
    let mut filter = Filter::new();
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

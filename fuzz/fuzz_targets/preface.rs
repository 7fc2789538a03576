//! First-bytes dispatch over any bytes: decided once, at the first byte that can, and never otherwise with more bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nearcall_transport::preface::{FIRST_BYTES_MAX, FirstBytes, HTTP2_PREFACE, Preface, decide};

fuzz_target!(|bytes: &[u8]| {
    let mut decided = None;
    for end in 0..=bytes.len().min(FIRST_BYTES_MAX) {
        let first = FirstBytes::new(&bytes[..end]);
        assert_eq!(first.as_bytes(), &bytes[..end]);
        let now = decide(&first);
        match (&decided, &now) {
            (Some(Preface::Unknown(_)), Some(Preface::Unknown(_))) | (None, _) => {}
            (before, now) => assert_eq!(before, now),
        }
        decided = now;
    }
    assert_eq!(
        decided == Some(Preface::Http2),
        bytes.starts_with(HTTP2_PREFACE)
    );
    assert!(decided.is_some() || bytes.len() < FIRST_BYTES_MAX);
});

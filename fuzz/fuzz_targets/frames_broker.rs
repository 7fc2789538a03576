//! The broker's messages under any bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../shared/frames.rs"]
mod frames;

fuzz_target!(|input: &[u8]| frames::TARGETS[3].1(input));

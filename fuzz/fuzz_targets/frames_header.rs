//! A region's header under any bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../shared/frames.rs"]
mod frames;

fuzz_target!(|input: &[u8]| frames::TARGETS[0].1(input));

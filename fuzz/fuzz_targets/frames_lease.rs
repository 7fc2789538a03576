//! A reader over memory that holds any bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../shared/frames.rs"]
mod frames;

fuzz_target!(|input: &[u8]| frames::TARGETS[1].1(input));

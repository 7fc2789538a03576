//! A writer whose readers' pages change at every look.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../shared/frames.rs"]
mod frames;

fuzz_target!(|input: &[u8]| frames::TARGETS[2].1(input));

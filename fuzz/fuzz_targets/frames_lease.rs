//! A reader over memory that holds any bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(
    dead_code,
    reason = "each target runs one of the four, and the tests run all"
)]
#[path = "../drives/frames.rs"]
mod frames;

fuzz_target!(|input: &[u8]| frames::lease(input));

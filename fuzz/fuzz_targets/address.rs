//! Addresses and names over any text: no panic, what parses is shown as text that parses to the same, and an error can
//! be shown.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nearcall_transport::{Address, Target};

fuzz_target!(|text: &str| {
    match text.parse::<Target>() {
        Ok(target) => assert_eq!(target.to_string().parse(), Ok(target)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match text.parse::<Address>() {
        Ok(address) => assert_eq!(address.to_string().parse(), Ok(address)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

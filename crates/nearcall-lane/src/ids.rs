//! Streams by id.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// What a driver keeps for each stream of a connection.
///
/// Ids are chosen by the peer within its half of them, so the hash is seeded; it is cheap because they are numbers.
pub type StreamMap<T> = HashMap<u64, T, Seed>;

/// Makes the hashes of one [`StreamMap`].
#[derive(Debug, Clone)]
pub struct Seed(u64);

impl Default for Seed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0_u64) | 1)
    }
}

impl BuildHasher for Seed {
    type Hasher = Mixed;

    fn build_hasher(&self) -> Mixed {
        Mixed(self.0)
    }
}

/// The hash of one number.
#[derive(Debug)]
pub struct Mixed(u64);

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let seeded = (number ^ self.0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = (seeded ^ (seeded >> 32)).wrapping_mul(self.0 | 1);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}

//! What fuzzing found worth keeping, replayed by the very code that fuzzes.

#[path = "../../../../fuzz/drives/frames.rs"]
mod frames;

use proptest::prelude::*;

#[test]
fn the_corpora_are_taken_without_a_panic() {
    for (name, run) in frames::TARGETS {
        let folder = format!("{}/../../fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
        let mut replayed = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            run(&std::fs::read(entry.unwrap().path()).unwrap());
            replayed += 1;
        }
        assert!(replayed > 0, "the corpus of {name} is there");
    }
}

proptest! {
    // Every test run fuzzes a little, from a seed of its own.
    #[test]
    fn other_inputs_are_too(input in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        for (_, run) in frames::TARGETS {
            run(&input);
        }
    }
}

//! What fuzzing found worth keeping, replayed.

use bytes::{Buf, BytesMut};
use nearcall_lane::{Connection, Limits, Side};

#[test]
fn the_corpus_is_taken_without_a_panic() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/lane");
    let mut replayed = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        let Some((how, bytes)) = input.split_first() else {
            continue;
        };
        let sides = [Side::Acceptor, Side::Connector];
        let (side, other) = if how & 1 == 0 {
            (sides[0], sides[1])
        } else {
            (sides[1], sides[0])
        };
        let mut connection = Connection::new(side, Limits::default());
        let mut read = BytesMut::new();
        if how & 2 == 0 {
            read = super::written(&mut Connection::new(other, Limits::default()));
        }
        read.extend_from_slice(bytes);
        let _ = super::events(&mut connection, &mut read);
        assert!(connection.output().remaining() < 512 * 1_024);
        replayed += 1;
    }
    assert!(replayed > 0, "the corpus is there");
}

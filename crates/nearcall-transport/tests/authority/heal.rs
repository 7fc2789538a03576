//! What an authority becomes.

use nearcall_transport::authority::{PLACEHOLDER, heal};

#[track_caller]
fn check(authority: &[u8], expected: &str) {
    let healed = heal(authority).into_owned();
    assert_eq!(healed.escape_ascii().to_string(), expected);
}

#[test]
fn what_clients_send() {
    for clean in [
        "localhost",
        "localhost:50051",
        "rel.sock",
        "x.y",
        "[::1]:80",
        "user:pw@host",
    ] {
        check(clean.as_bytes(), clean);
    }
    check(b"a%2Fb.sock", "a-2Fb.sock");
    check(b"/run/nearcall/arena.sock", "-run-nearcall-arena.sock");
    check(br"%5C%5C.%5Cpipe%5Cn", "-5C-5C.-5Cpipe-5Cn");
    check(br"\\.\pipe\n", "--.-pipe-n");
    check(br"C:\pipe", "C:-pipe");
    check("grüße".as_bytes(), "gr----e");
    check(b"", PLACEHOLDER);
}

#[test]
fn right_bytes_in_wrong_places() {
    check(b"a:b:c", "a-b-c");
    check(b"[::1", "---1");
    check(b"host@", "host-");
    check(b"a]b", "a-b");
    check(b"unix:/a:b", "unix--a-b");
    check(b"unix:/a", "unix:-a");
    check(b"%", "-");
    check(b"a%zone@", "a-zone-");
}

#[test]
fn every_byte_alone_and_every_pair_is_healed() {
    for first in 0..=u8::MAX {
        assert_healed(&[first]);
        for second in 0..=u8::MAX {
            assert_healed(&[first, second]);
            assert_healed(&[b'a', first, b'b', second, b'c']);
        }
    }
}

#[track_caller]
pub(crate) fn assert_healed(authority: &[u8]) {
    let healed = heal(authority);
    assert!(
        http::uri::Authority::try_from(&*healed).is_ok(),
        "{} became {}",
        authority.escape_ascii(),
        healed.escape_ascii()
    );
    assert_eq!(healed.len(), authority.len());
}

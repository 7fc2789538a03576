//! The worked example of `docs/lane.md` is what is written, byte by byte.

use bytes::Bytes;
use http::HeaderValue;
use nearcall_lane::{Call, End, Limits, Side};

use super::{carry, events, written};

/// The bytes of the page's blocks that begin with `lane`, without what follows two spaces.
fn blocks(page: &str) -> Vec<Vec<u8>> {
    let mut blocks = page.split("```lane\n");
    blocks.next();
    let hex = |line: &str| -> Vec<u8> {
        let bytes = line.split("  ").next().unwrap().split(' ');
        bytes
            .map(|byte| u8::from_str_radix(byte, 16).unwrap())
            .collect()
    };
    blocks
        .map(|block| {
            block
                .split("```")
                .next()
                .unwrap()
                .lines()
                .flat_map(hex)
                .collect()
        })
        .collect()
}

#[test]
fn the_page_shows_what_is_written() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/lane.md"));
    let blocks = blocks(&page.unwrap());
    let mut client = nearcall_lane::Connection::new(Side::Connector, Limits::default());
    let mut server = nearcall_lane::Connection::new(Side::Acceptor, Limits::default());
    let mut wrote = Vec::new();
    wrote.push(written(&mut client));
    events(&mut server, &mut wrote[0].clone()).unwrap();
    carry(&mut server, &mut client);
    for _ in 0..2 {
        let mut call = Call::new("/a.B/C".parse().unwrap());
        call.timeout = Some(std::time::Duration::from_secs(1));
        call.metadata.append("k", HeaderValue::from_static("v"));
        client
            .call(call, Some(Bytes::from_static(b"\x08\x11")), true)
            .unwrap();
        wrote.push(written(&mut client));
    }
    events(&mut server, &mut wrote[1].clone()).unwrap();
    server.message(1, Bytes::from_static(b"\x08\x12")).unwrap();
    server.end(1, End::default()).unwrap();
    wrote.push(written(&mut server));
    assert_eq!(blocks.len(), wrote.len());
    for (shown, wrote) in blocks.iter().zip(&wrote) {
        assert!(
            shown[..] == wrote[..],
            "the page has {shown:02x?}, written is {wrote:02x?}"
        );
    }
}

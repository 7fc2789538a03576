//! Metadata: up, back with the head, back with the trailers.

use nearcall::metadata::{AsciiMetadataValue, BinaryMetadataValue};
use nearcall::{Request, tokio, tokio_stream};
use nearcall_testkit::probe::Order;

use super::transcript::{Entries, Told, order, same};

/// Repeated names, in an order that sorting would not give; values that are empty, long, or not text.
fn with_metadata<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    for value in ["second", "first", "", "second"] {
        let value: AsciiMetadataValue = value.parse().unwrap();
        metadata.append("x-head-text", value.clone());
        metadata.append("x-trail-text", value);
    }
    metadata.append("x-plain", " spaces within ".trim().parse().unwrap());
    metadata.append("x-head-long", "l".repeat(3_000).parse().unwrap());
    for bytes in [&[0, 1, 255][..], b"", b",", &[7; 1_000]] {
        let value = BinaryMetadataValue::from_bytes(bytes);
        metadata.append_bin("x-head-blob-bin", value.clone());
        metadata.append_bin("x-trail-blob-bin", value);
    }
    request
}

fn named(entries: &Entries, name: &str) -> Vec<Vec<u8>> {
    let of_name = entries.iter().filter(|(found, _)| found == name);
    of_name.map(|(_, value)| value.clone()).collect()
}

#[track_caller]
fn assert_all_came_back(head: &Entries, trailers: &Entries) {
    let texts = ["second", "first", "", "second"].map(|text| text.as_bytes().to_vec());
    let blobs = [vec![0, 1, 255], vec![], vec![b','], vec![7; 1_000]];
    for (entries, prefix) in [(head, "x-head"), (trailers, "x-trail")] {
        assert_eq!(named(entries, &format!("{prefix}-text")), texts);
        assert_eq!(named(entries, &format!("{prefix}-blob-bin")), blobs);
    }
}

#[tokio::test]
async fn with_an_answer_of_one_message() {
    let told =
        same(async |side| side.one(side.client().unary(with_metadata(order(b"x"))).await)).await;
    let [Told::Head(both), Told::Report(report)] = &told[..] else {
        panic!("{told:?}");
    };
    assert_all_came_back(both, both);
    let up: Entries = report
        .entries
        .iter()
        .map(|entry| (entry.name.clone(), entry.value.clone()))
        .collect();
    assert_all_came_back(&up, &up);
}

#[tokio::test]
async fn with_an_answer_of_many_messages() {
    for count in [0, 2] {
        let order = Order {
            count,
            ..Order::default()
        };
        let told = same(async |side| {
            let answer = side.client().download(with_metadata(order.clone())).await;
            side.many(answer).await
        })
        .await;
        let (Some(Told::Head(head)), Some(Told::Trailers(trailers))) = (told.first(), told.last())
        else {
            panic!("{told:?}");
        };
        assert_all_came_back(head, trailers);
        assert!(named(head, "x-trail-text").is_empty(), "it comes after");
    }
}

#[tokio::test]
async fn with_many_messages_that_go_up() {
    let told = same(async |side| {
        let orders = with_metadata(tokio_stream::iter([order(b"a"), order(b"b")]));
        side.one(side.client().upload(orders).await)
    })
    .await;
    assert!(matches!(&told[0], Told::Head(both) if !named(both, "x-trail-text").is_empty()));
}

#[tokio::test]
async fn text_that_is_no_ascii_arrives_as_it_is() {
    let told = same(async |side| {
        let mut request = Request::new(order(b"x"));
        let value = AsciiMetadataValue::try_from(&[b'a', 0x80, 0xff][..]).unwrap();
        request.metadata_mut().append("x-head-bytes", value);
        side.one(side.client().unary(request).await)
    })
    .await;
    assert!(
        matches!(&told[0], Told::Head(head) if named(head, "x-head-bytes") == [[b'a', 0x80, 0xff]])
    );
}

#[tokio::test]
async fn many_entries_over_many_calls() {
    // More names than a side remembers, so that some are spelled out each time.
    let told = same(async |side| {
        let mut all = Vec::new();
        for call in 0..40 {
            let mut request = Request::new(order(b"x"));
            for entry in 0..40 {
                let name = format!("x-head-{}", (call * 20 + entry) % 700);
                let name: nearcall::metadata::AsciiMetadataKey = name.parse().unwrap();
                request.metadata_mut().append(name, "v".parse().unwrap());
            }
            all.push(side.one(side.client().unary(request).await));
        }
        all
    })
    .await;
    for answer in told {
        assert!(matches!(&answer[0], Told::Head(head) if head.iter()
            .filter(|(name, _)| name.starts_with("x-head-")).count() == 40));
    }
}

//! The four kinds of call.

use nearcall::tokio::sync::mpsc;
use nearcall::tokio_stream::wrappers::ReceiverStream;
use nearcall::{Request, tokio, tokio_stream};
use nearcall_testkit::probe::Order;

use super::transcript::{Told, order, same, slow};

#[tokio::test]
async fn one_message_each_way() {
    for payload in [&b""[..], b"hello", &[7; 70_000], &[8; 1 << 20]] {
        let told = same(async |side| side.one(side.client().unary(order(payload)).await)).await;
        assert!(matches!(&told[1], Told::Report(report) if report.payload == payload));
    }
}

#[tokio::test]
async fn many_messages_come_back() {
    for count in [0, 1, 3, 200] {
        let order = Order {
            count,
            ..order(b"x")
        };
        let told = same(async |side| {
            let answer = side.client().download(order.clone()).await;
            side.many(answer).await
        })
        .await;
        assert_eq!(told.len(), count as usize + 2, "a head, {count}, an end");
        assert!(matches!(told.last(), Some(Told::Trailers(_))));
    }
}

#[tokio::test]
async fn many_messages_go_up() {
    let cases: [&[&[u8]]; 4] = [
        &[],
        &[b""],
        &[b"a", b"", b"c"],
        &[&[7; 300_000], &[8; 300_000], b"last"],
    ];
    for payloads in cases {
        let told = same(async |side| {
            let orders: Vec<Order> = payloads.iter().map(|payload| order(payload)).collect();
            side.one(side.client().upload(tokio_stream::iter(orders)).await)
        })
        .await;
        let joined = payloads.concat();
        assert!(matches!(&told[1], Told::Report(report)
            if report.payload == joined && report.orders as usize == payloads.len()));
    }
}

#[tokio::test]
async fn each_answer_is_there_before_the_next_question() {
    let told = same(async |side| {
        let (questions, asked) = mpsc::channel(1);
        let answer = side.client().chat(ReceiverStream::new(asked)).await;
        let mut reports = answer.unwrap().into_inner();
        let mut told = Vec::new();
        for payload in [&b"one"[..], b"", &[3; 100_000]] {
            questions.send(order(payload)).await.unwrap();
            told.push(side.report(reports.message().await.unwrap().unwrap()));
        }
        drop(questions);
        assert_eq!(reports.message().await.unwrap(), None);
        told
    })
    .await;
    assert_eq!(told.len(), 3);
}

#[tokio::test]
async fn answers_go_on_after_the_caller_said_that_it_sends_no_more() {
    let told = same(async |side| {
        let later = Order {
            delay_ms: 20,
            ..order(b"later")
        };
        let orders = tokio_stream::iter(vec![later; 3]);
        let answer = side.client().chat(orders).await;
        side.many(answer).await
    })
    .await;
    assert_eq!(told.len(), 5, "a head, three, an end: {told:?}");
}

#[tokio::test]
async fn the_head_comes_before_there_is_a_message() {
    let told = same(async |side| {
        let mut request = Request::new(slow());
        let value = "here already".parse().unwrap();
        request.metadata_mut().insert("x-head-early", value);
        let reports = side.client().download(request).await.unwrap();
        let told = side.metadata(reports.metadata());
        drop(reports);
        side.server.tally.wait_dropped(1).await;
        (told, side.handlers())
    })
    .await;
    let early = ("x-head-early".to_owned(), b"here already".to_vec());
    assert_eq!(told, (vec![early], (1, 1)));
}

//! Every kind of call, and what goes along.

use std::time::Duration;

use nearcall::tokio_stream::{self, StreamExt};
use nearcall::{Code, Reason, Request, tokio};
use nearcall_testkit::probe::Order;

use super::{Serving, WIRES};

#[tokio::test]
async fn a_unary_call_comes_back_to_the_client_itself() {
    for wire in WIRES {
        let server = Serving::mirror().await;
        let (mut client, tally) = server.client(wire).await;
        let mut request = Request::new(Order {
            payload: vec![7; 100_000],
            ..Order::default()
        });
        let metadata = request.metadata_mut();
        metadata.insert("x-name", "value".parse().unwrap());
        let raw = nearcall::metadata::MetadataValue::from_bytes(&[0, 255]);
        metadata.insert_bin("x-raw-bin", raw);
        let response = client.unary(request).await.unwrap();
        // The hosted service's initial metadata.
        let echo = response.metadata().get("x-echo-x-name").unwrap();
        assert_eq!(echo, "value", "{wire}");
        let report = response.into_inner();
        assert_eq!(report.payload, vec![7; 100_000], "{wire}");
        assert_eq!(report.wire, wire.to_string());
        assert_eq!(report.peer_pid, Some(std::process::id()), "{wire}");
        assert_eq!(report.metadata["x-name"], "value", "{wire}");
        assert_eq!(report.metadata["x-raw-bin"], "b\"\\0\\xff\"", "{wire}");
        tally.wait_begun(1).await;
    }
}

#[tokio::test]
async fn streams_of_every_kind_come_back() {
    // More messages than may be on their way at once.
    const COUNT: u32 = 200;
    for wire in WIRES {
        let server = Serving::mirror().await;
        let (mut client, _tally) = server.client(wire).await;
        let order = Order {
            payload: vec![7; 5_000],
            count: COUNT,
            ..Order::default()
        };
        let orders = || tokio_stream::iter(vec![order.clone(); COUNT as usize]);
        let reports = client.download(order.clone()).await.unwrap().into_inner();
        let reports = reports.collect::<Result<Vec<_>, _>>().await.unwrap();
        assert_eq!(reports.len(), COUNT as usize, "{wire}");
        assert_eq!(reports.last().unwrap().orders, COUNT, "{wire}");
        let report = client.upload(orders()).await.unwrap().into_inner();
        assert_eq!(report.orders, COUNT, "{wire}");
        assert_eq!(report.payload.len(), 5_000 * COUNT as usize, "{wire}");
        let reports = client.chat(orders()).await.unwrap().into_inner();
        let reports = reports.collect::<Result<Vec<_>, _>>().await.unwrap();
        assert_eq!(reports.len(), COUNT as usize, "{wire}");
    }
}

#[tokio::test]
async fn errors_come_with_their_text_and_details() {
    for wire in WIRES {
        let server = Serving::mirror().await;
        let (mut client, _tally) = server.client(wire).await;
        let failing = Order {
            code: Code::NotFound as i32,
            message: "nothing there".to_owned(),
            count: 3,
            ..Order::default()
        };
        let mut reports = client.download(failing.clone()).await.unwrap().into_inner();
        for _ in 0..3 {
            assert!(reports.message().await.unwrap().is_some(), "{wire}");
        }
        let late = reports.message().await.unwrap_err();
        let at_once = Order {
            count: 0,
            ..failing
        };
        let at_once = client.unary(at_once).await.unwrap_err();
        for status in [late, at_once] {
            assert_eq!(
                (status.code(), status.message()),
                (Code::NotFound, "nothing there"),
                "{wire}"
            );
        }
        let panics = Order {
            panic: true,
            ..Order::default()
        };
        let status = client.unary(panics).await.unwrap_err();
        let reason = Reason::of(&status);
        assert_eq!(reason, Some(Reason::HandlerPanicked), "{wire}: {status:?}");
        // The client lives, and so does the stream.
        assert!(client.unary(Order::default()).await.is_ok(), "{wire}");
    }
}

#[tokio::test]
async fn the_deadline_of_the_call_that_is_served_holds_for_what_is_called_back() {
    for wire in WIRES {
        let server = Serving::mirror().await;
        let (mut client, tally) = server.client(wire).await;
        let mut request = Request::new(Order::default());
        request.set_timeout(Duration::from_secs(5));
        let report = client.unary(request).await.unwrap().into_inner();
        let left = report.remaining_ms.unwrap();
        assert!(left <= 5_000, "{wire}: {left}");
        let mut slow = Request::new(Order {
            delay_ms: 60_000,
            ..Order::default()
        });
        // Long enough that the handler has begun by then.
        slow.set_timeout(Duration::from_secs(1));
        let status = client.unary(slow).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{wire}: {status:?}");
        tally.wait_dropped(1).await;
    }
}

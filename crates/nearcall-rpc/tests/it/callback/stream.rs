//! The stream of callbacks itself, as a client of another language has it.

use nearcall::proto::callback::v1::callbacks_client::CallbacksClient;
use nearcall::proto::callback::v1::host_request::Says;
use nearcall::proto::callback::v1::host_response::Says as Heard;
use nearcall::proto::callback::v1::{End, Hello, HostRequest, HostResponse, Message};
use nearcall::tokio::sync::mpsc;
use nearcall::tokio_stream::StreamExt;
use nearcall::tokio_stream::wrappers::ReceiverStream;
use nearcall::{Channel, Code, Status, Streaming, Wire, tokio};
use nearcall_testkit::probe::{Order, ProbeClient};

use super::{Serving, WIRES};

/// Opens the stream; what is said on it, and what is heard.
async fn open(
    channel: &Channel,
    services: &[&str],
) -> Result<(mpsc::Sender<HostRequest>, Streaming<HostResponse>), Status> {
    let (say, said) = mpsc::channel(16);
    let services = services.iter().map(|&name| name.to_owned()).collect();
    let hello = Says::Hello(Hello { services });
    say.send(HostRequest { says: Some(hello) })
        .await
        .expect("the stream stands");
    let mut client = CallbacksClient::new(channel.clone());
    let heard = client.host(ReceiverStream::new(said)).await?.into_inner();
    Ok((say, heard))
}

async fn next(heard: &mut Streaming<HostResponse>) -> Heard {
    let word = heard.message().await.expect("the stream stands");
    word.and_then(|word| word.says).expect("a word")
}

async fn say(out: &mpsc::Sender<HostRequest>, says: Says) {
    out.send(HostRequest { says: Some(says) })
        .await
        .expect("the stream stands");
}

#[tokio::test]
async fn a_call_is_what_the_description_says() {
    let server = Serving::mirror().await;
    let channel = server.builder(Wire::Grpc).connect().await.unwrap();
    let (out, mut heard) = open(&channel, &["testing.v1.Probe"]).await.unwrap();
    assert!(matches!(next(&mut heard).await, Heard::Ready(_)));
    let mut client = ProbeClient::new(channel);
    let call = tokio::spawn(async move { client.unary(Order::default()).await });
    let Heard::Call(asked) = next(&mut heard).await else {
        panic!("expected Call");
    };
    assert_eq!(asked.path, "/testing.v1.Probe/Unary");
    assert!(asked.timeout.is_some());
    let number = asked.call;
    let Heard::Message(message) = next(&mut heard).await else {
        panic!("expected Message");
    };
    assert_eq!((message.call, message.message.len()), (number, 0));
    assert!(matches!(next(&mut heard).await, Heard::HalfClose(_)));
    // One that was never opened is no error.
    say(
        &out,
        Says::End(End {
            call: 4_711,
            ..End::default()
        }),
    )
    .await;
    let report = nearcall_testkit::probe::Report {
        orders: 5,
        ..Default::default()
    };
    let message = prost::Message::encode_to_vec(&report);
    say(
        &out,
        Says::Message(Message {
            call: number,
            message,
        }),
    )
    .await;
    say(
        &out,
        Says::End(End {
            call: number,
            ..End::default()
        }),
    )
    .await;
    assert_eq!(call.await.unwrap().unwrap().into_inner().orders, 5);
}

#[tokio::test]
async fn a_call_that_is_given_up_is_told() {
    let server = Serving::mirror().await;
    let channel = server.builder(Wire::Grpc).connect().await.unwrap();
    let (_out, mut heard) = open(&channel, &["testing.v1.Probe"]).await.unwrap();
    assert!(matches!(next(&mut heard).await, Heard::Ready(_)));
    let mut client = ProbeClient::new(channel);
    let call = tokio::spawn(async move { client.unary(Order::default()).await });
    let Heard::Call(asked) = next(&mut heard).await else {
        panic!("expected Call");
    };
    call.abort();
    loop {
        match next(&mut heard).await {
            Heard::Cancel(cancelled) => return assert_eq!(cancelled.call, asked.call),
            Heard::Message(_) | Heard::HalfClose(_) => {}
            other => panic!("expected Cancel, found {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_later_stream_takes_the_place_of_the_earlier() {
    let server = Serving::mirror().await;
    let channel = server.builder(Wire::Grpc).connect().await.unwrap();
    let (_out, first) = open(&channel, &["testing.v1.Probe"]).await.unwrap();
    let (_second, mut second) = open(&channel, &["testing.v1.Other"]).await.unwrap();
    let ended = first.collect::<Vec<_>>().await.pop().unwrap().unwrap_err();
    assert_eq!(ended.code(), Code::Aborted, "{ended:?}");
    let mut client = ProbeClient::new(channel);
    let status = client.unary(Order::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented, "{status:?}");
    assert!(matches!(next(&mut second).await, Heard::Ready(_)));
}

#[tokio::test]
async fn what_breaks_a_rule_ends_the_stream() {
    let server = Serving::mirror().await;
    for (wire, services, expected) in [
        (Wire::Grpc, &[][..], Code::InvalidArgument),
        (Wire::Grpc, &["no name/at all"][..], Code::InvalidArgument),
        (
            Wire::Lane,
            &["testing.v1.Probe"][..],
            Code::FailedPrecondition,
        ),
    ] {
        let channel = server.builder(wire).connect().await.unwrap();
        let refused = open(&channel, services).await.unwrap_err();
        assert_eq!(
            refused.code(),
            expected,
            "{wire}, {services:?}: {refused:?}"
        );
    }
    let channel = server.builder(Wire::Grpc).connect().await.unwrap();
    let (out, heard) = open(&channel, &["testing.v1.Probe"]).await.unwrap();
    say(&out, Says::Hello(Hello::default())).await;
    let ended = heard.collect::<Vec<_>>().await.pop().unwrap().unwrap_err();
    assert_eq!(ended.code(), Code::InvalidArgument, "{ended:?}");
}

#[tokio::test]
async fn an_answer_of_more_messages_than_were_taken_is_refused() {
    let most = nearcall::limits::CALLBACK_MESSAGES_MAX;
    let server = Serving::mirror().await;
    let channel = server.builder(Wire::Grpc).connect().await.unwrap();
    let (out, mut heard) = open(&channel, &["testing.v1.Probe"]).await.unwrap();
    let mut client = ProbeClient::new(channel);
    assert!(matches!(next(&mut heard).await, Heard::Ready(_)));
    // The reports are not read.
    let reading = tokio::spawn(async move { client.download(Order::default()).await });
    let Heard::Call(asked) = next(&mut heard).await else {
        panic!("expected Call");
    };
    let report = nearcall_testkit::probe::Report {
        payload: vec![7; 200_000],
        ..Default::default()
    };
    let report = prost::Message::encode_to_vec(&report);
    let mut sent = 0;
    let cancelled = loop {
        tokio::select! {
            word = next(&mut heard) => match word {
                Heard::Cancel(cancelled) => break cancelled.call,
                Heard::Taken(_) | Heard::Message(_) | Heard::HalfClose(_) => {}
                other => panic!("expected Cancel, found {other:?}"),
            },
            () = say(&out, Says::Message(Message { call: asked.call, message: report.clone() })) => sent += 1,
        }
    };
    assert_eq!(cancelled, asked.call);
    assert!(sent > most, "{sent}");
    let reports = reading.await.unwrap().unwrap().into_inner();
    let ended = reports
        .collect::<Vec<_>>()
        .await
        .pop()
        .unwrap()
        .unwrap_err();
    assert_ne!(ended.code(), Code::Ok, "{ended:?}");
}

#[tokio::test]
async fn reflection_lists_the_service_on_both_wires() {
    let server = Serving::mirror().await;
    for wire in WIRES {
        let channel = server.builder(wire).connect().await.unwrap();
        let mut inspector = nearcall::inspect::Inspector::new(channel);
        let services = inspector.services().await.unwrap();
        let name = "nearcall.callback.v1.Callbacks";
        assert!(
            services.iter().any(|service| service == name),
            "{services:?}"
        );
        let described = inspector.descriptors(name).await.unwrap();
        assert!(described.missing.is_empty(), "{described:?}");
    }
}

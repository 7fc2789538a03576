//! Metadata in both directions.

use nearcall::codegen::tonic::metadata::BinaryMetadataValue;
use nearcall::raw::{self, CallOptions, MethodPath};
use nearcall::{Request, Wire, tokio, tokio_stream};
use nearcall_testkit::Running;
use nearcall_testkit::probe::Order;

nearcall_testkit::wire_suite!(
    ascii_and_binary_metadata_arrive_and_come_back,
    metadata_after_the_last_message_arrives_after_it,
);

async fn ascii_and_binary_metadata_arrive_and_come_back(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut request = Request::new(Order::default());
    request
        .metadata_mut()
        .insert("x-name", "value with spaces".parse().unwrap());
    let bytes = BinaryMetadataValue::from_bytes(&[0, 1, 255]);
    request.metadata_mut().insert_bin("x-blob-bin", bytes);
    let response = server.client().await.unary(request).await.unwrap();
    assert_eq!(
        response.metadata().get("x-echo-x-name").unwrap(),
        "value with spaces"
    );
    let report = response.into_inner();
    assert_eq!(report.metadata["x-name"], "value with spaces");
    assert_eq!(report.metadata["x-blob-bin"], r#"b"\0\x01\xff""#);
}

async fn metadata_after_the_last_message_arrives_after_it(wire: Wire) {
    let server = Running::start().await.over(wire);
    let path = MethodPath::new("testing.v1.Probe", "Unary").unwrap();
    let request = Request::new(tokio_stream::once(bytes::Bytes::new()));
    let answer = raw::call(
        server.channel().await,
        &path,
        request,
        CallOptions::default(),
    );
    let answer = answer.await.unwrap();
    assert!(
        !answer.metadata().contains_key("x-after"),
        "{:?}",
        answer.metadata()
    );
    let mut replies = answer.into_inner();
    while replies.message().await.unwrap().is_some() {}
    let trailers = replies.trailers().await.unwrap().expect("they have come");
    assert_eq!(trailers.get("x-after").unwrap(), "the last message");
}

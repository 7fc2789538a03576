//! The public gRPC interop cases, carried out by a channel; `docs/interop.md` says what other clients make of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use nearcall::codegen::tonic::metadata::{BinaryMetadataValue, MetadataMap};
use nearcall::raw::{self, CallOptions, MethodPath};
use nearcall::tokio_stream::StreamExt;
use nearcall::{Channel, Code, Reason, Request, Server, Status, Wire, tokio, tokio_stream};
use nearcall_testkit::address_in;
use nearcall_testkit::interop::pb::test_service_client::TestServiceClient;
use nearcall_testkit::interop::pb::test_service_server::TestServiceServer;
use nearcall_testkit::interop::pb::unimplemented_service_client::UnimplementedServiceClient;
use nearcall_testkit::interop::pb::{
    EchoStatus, Empty, Payload, ResponseParameters, SimpleRequest, StreamingInputCallRequest,
    StreamingOutputCallRequest, StreamingOutputCallResponse,
};
use nearcall_testkit::interop::{INITIAL, PAYLOAD_LEN_MAX, TRAILING, TestService};
use nearcall_testkit::probe::Tally;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

nearcall_testkit::wire_suite!(
    empty_unary,
    large_unary,
    client_streaming,
    server_streaming,
    server_streaming_keeps_its_intervals,
    half_duplex,
    ping_pong,
    empty_stream,
    cancel_after_begin,
    cancel_after_first_response,
    timeout_on_sleeping_server,
    status_code_and_message,
    unimplemented_method,
    unimplemented_service,
    custom_metadata,
    pick_first_unary,
    soaks,
    a_thousand_large_calls_at_once,
    a_payload_that_cannot_be_is_refused,
);

const LARGE_REQUEST: usize = 271_828;
const LARGE_RESPONSE: i32 = 314_159;
const REQUEST_SIZES: [usize; 4] = [27_182, 8, 1_828, 45_904];
const RESPONSE_SIZES: [i32; 4] = [31_415, 9, 2_653, 58_979];

/// The service, served until the test ends.
struct Interop {
    wire: Wire,
    folder: TempDir,
    tally: Arc<Tally>,
}

impl Interop {
    async fn start(wire: Wire) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let service = TestService::default();
        let tally = Arc::clone(&service.tally);
        let server =
            Server::new(address_in(folder.path())).add_service(TestServiceServer::new(service));
        let bound = server.bind().await.expect("the server starts");
        tokio::spawn(bound.serve());
        Self {
            wire,
            folder,
            tally,
        }
    }

    async fn channel(&self) -> Channel {
        Channel::builder(address_in(self.folder.path()))
            .wire(self.wire)
            .connect()
            .await
            .expect("the server can be reached")
    }

    async fn client(&self) -> TestServiceClient<Channel> {
        TestServiceClient::new(self.channel().await)
    }
}

fn payload(len: usize) -> Option<Payload> {
    Some(Payload {
        body: vec![0; len],
        ..Payload::default()
    })
}

fn large() -> SimpleRequest {
    SimpleRequest {
        response_size: LARGE_RESPONSE,
        payload: payload(LARGE_REQUEST),
        ..SimpleRequest::default()
    }
}

fn asking(sizes: &[i32], request_size: usize) -> StreamingOutputCallRequest {
    let parameters = |&size| ResponseParameters {
        size,
        ..ResponseParameters::default()
    };
    StreamingOutputCallRequest {
        response_parameters: sizes.iter().map(parameters).collect(),
        payload: payload(request_size),
        ..StreamingOutputCallRequest::default()
    }
}

fn asking_for_status(code: i32, message: &str) -> Option<EchoStatus> {
    let message = message.to_owned();
    Some(EchoStatus { code, message })
}

/// The length of a payload, which must be zeros.
fn zeros(payload: Option<Payload>) -> i32 {
    let body = payload.unwrap_or_default().body;
    assert!(body.iter().all(|byte| *byte == 0));
    body.len().try_into().expect("a length in 31 bits")
}

fn len(answer: Result<StreamingOutputCallResponse, Status>) -> i32 {
    zeros(answer.expect("an answer").payload)
}

async fn call_large(client: &mut TestServiceClient<Channel>) {
    // A thousand at once move half a gigabyte, which takes a busy machine longer than the default.
    let mut request = Request::new(large());
    request.set_timeout(Duration::from_secs(120));
    let answer = client.unary_call(request).await.expect("an answer");
    assert_eq!(zeros(answer.into_inner().payload), LARGE_RESPONSE);
}

/// A stream of requests that is fed by hand.
fn fed<T>() -> (mpsc::Sender<T>, ReceiverStream<T>) {
    let (sender, receiver) = mpsc::channel(1);
    (sender, ReceiverStream::new(receiver))
}

async fn empty_unary(wire: Wire) {
    let server = Interop::start(wire).await;
    let answer = server.client().await.empty_call(Empty {}).await.unwrap();
    assert_eq!(answer.into_inner(), Empty {});
}

async fn large_unary(wire: Wire) {
    let server = Interop::start(wire).await;
    call_large(&mut server.client().await).await;
}

async fn client_streaming(wire: Wire) {
    let server = Interop::start(wire).await;
    let requests = REQUEST_SIZES.map(|size| StreamingInputCallRequest {
        payload: payload(size),
    });
    let mut client = server.client().await;
    let answer = client
        .streaming_input_call(tokio_stream::iter(requests))
        .await
        .unwrap();
    assert_eq!(answer.into_inner().aggregated_payload_size, 74_922);
}

async fn server_streaming(wire: Wire) {
    let server = Interop::start(wire).await;
    let mut client = server.client().await;
    let request = asking(&RESPONSE_SIZES, 0);
    let answers = client.streaming_output_call(request).await.unwrap();
    let sizes: Vec<i32> = answers.into_inner().map(len).collect().await;
    assert_eq!(sizes, RESPONSE_SIZES);
}

async fn server_streaming_keeps_its_intervals(wire: Wire) {
    const INTERVAL: Duration = Duration::from_millis(20);
    let server = Interop::start(wire).await;
    let mut client = server.client().await;
    let mut request = asking(&RESPONSE_SIZES, 0);
    for parameters in &mut request.response_parameters {
        parameters.interval_us = i32::try_from(INTERVAL.as_micros()).unwrap();
    }
    let start = Instant::now();
    let answers = client.streaming_output_call(request).await.unwrap();
    let sizes: Vec<i32> = answers.into_inner().map(len).collect().await;
    assert_eq!(sizes, RESPONSE_SIZES);
    assert!(start.elapsed() >= INTERVAL * 4, "{:?}", start.elapsed());
}

async fn half_duplex(wire: Wire) {
    let server = Interop::start(wire).await;
    let mut client = server.client().await;
    let requests = RESPONSE_SIZES.map(|size| asking(&[size], 0));
    let answers = client
        .half_duplex_call(tokio_stream::iter(requests))
        .await
        .unwrap();
    let sizes: Vec<i32> = answers.into_inner().map(len).collect().await;
    assert_eq!(sizes, RESPONSE_SIZES);
}

async fn ping_pong(wire: Wire) {
    let server = Interop::start(wire).await;
    let (requests, sent) = fed();
    let mut client = server.client().await;
    let mut answers = client.full_duplex_call(sent).await.unwrap().into_inner();
    for (request_size, response_size) in REQUEST_SIZES.into_iter().zip(RESPONSE_SIZES) {
        let request = asking(&[response_size], request_size);
        requests.send(request).await.unwrap();
        assert_eq!(len(answers.next().await.unwrap()), response_size);
    }
    drop(requests);
    assert!(answers.next().await.is_none());
}

async fn empty_stream(wire: Wire) {
    let server = Interop::start(wire).await;
    let mut client = server.client().await;
    let answers = client
        .full_duplex_call(tokio_stream::empty())
        .await
        .unwrap();
    assert!(answers.into_inner().next().await.is_none());
}

async fn cancel_after_begin(wire: Wire) {
    let server = Interop::start(wire).await;
    let mut client = server.client().await;
    let call =
        tokio::spawn(async move { client.streaming_input_call(tokio_stream::pending()).await });
    server.tally.wait_begun(1).await;
    call.abort();
    server.tally.wait_dropped(1).await;
}

async fn cancel_after_first_response(wire: Wire) {
    let server = Interop::start(wire).await;
    let (requests, sent) = fed();
    let mut client = server.client().await;
    let mut answers = client.full_duplex_call(sent).await.unwrap().into_inner();
    let request = asking(&RESPONSE_SIZES[..1], REQUEST_SIZES[0]);
    requests.send(request).await.unwrap();
    assert_eq!(len(answers.next().await.unwrap()), RESPONSE_SIZES[0]);
    drop(answers);
    server.tally.wait_dropped(1).await;
}

async fn timeout_on_sleeping_server(wire: Wire) {
    let server = Interop::start(wire).await;
    let mut client = server.client().await;
    let once = tokio_stream::once(asking(&[], REQUEST_SIZES[0]));
    let mut request = Request::new(once.chain(tokio_stream::pending()));
    request.set_timeout(Duration::from_millis(1));
    // The time may be up before the answer begins, or after.
    let status = match client.full_duplex_call(request).await {
        Ok(answers) => answers.into_inner().next().await.unwrap().unwrap_err(),
        Err(status) => status,
    };
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
}

async fn status_code_and_message(wire: Wire) {
    let server = Interop::start(wire).await;
    let special = "\t\ntest with whitespace\r\nand Unicode BMP \u{263a} and non-BMP \u{1f608}\t\n";
    for message in ["test status message", special] {
        let check = |status: Status| {
            assert_eq!((status.code(), status.message()), (Code::Unknown, message));
        };
        let mut client = server.client().await;
        let request = SimpleRequest {
            response_status: asking_for_status(2, message),
            ..SimpleRequest::default()
        };
        check(client.unary_call(request).await.unwrap_err());

        let request = StreamingOutputCallRequest {
            response_status: asking_for_status(2, message),
            ..StreamingOutputCallRequest::default()
        };
        let once = tokio_stream::once(request);
        let answers = client.full_duplex_call(once).await.unwrap();
        check(answers.into_inner().next().await.unwrap().unwrap_err());
    }
}

async fn unimplemented_method(wire: Wire) {
    let server = Interop::start(wire).await;
    let path = MethodPath::new("grpc.testing.TestService", "UnimplementedCall").unwrap();
    let empty = Request::new(Bytes::new());
    let status = raw::unary(server.channel().await, &path, empty, CallOptions::default())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(Reason::of(&status), Some(Reason::UnknownMethod));
}

async fn unimplemented_service(wire: Wire) {
    let server = Interop::start(wire).await;
    let mut client = UnimplementedServiceClient::new(server.channel().await);
    let status = client.unimplemented_call(Empty {}).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(Reason::of(&status), Some(Reason::UnknownService));
}

async fn custom_metadata(wire: Wire) {
    const TEXT: &str = "test_initial_metadata_value";
    const BYTES: &[u8] = &[0xab, 0xab, 0xab];
    fn with_metadata<T>(message: T) -> Request<T> {
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        metadata.insert(INITIAL, TEXT.parse().unwrap());
        metadata.insert_bin(TRAILING, BinaryMetadataValue::from_bytes(BYTES));
        request
    }
    let check = |initial: &MetadataMap, trailing: &MetadataMap| {
        assert_eq!(initial.get(INITIAL).unwrap(), TEXT);
        let bytes = trailing.get_bin(TRAILING).unwrap().to_bytes().unwrap();
        assert_eq!(bytes, BYTES);
    };
    let server = Interop::start(wire).await;
    let mut client = server.client().await;

    // A unary answer has both in one map.
    let answer = client.unary_call(with_metadata(large())).await.unwrap();
    check(answer.metadata(), answer.metadata());
    assert_eq!(zeros(answer.into_inner().payload), LARGE_RESPONSE);

    let once = tokio_stream::once(asking(&[LARGE_RESPONSE], LARGE_REQUEST));
    let answers = client.full_duplex_call(with_metadata(once)).await.unwrap();
    let initial = answers.metadata().clone();
    assert!(initial.get_bin(TRAILING).is_none());
    let mut answers = answers.into_inner();
    assert_eq!(len(answers.next().await.unwrap()), LARGE_RESPONSE);
    assert!(answers.next().await.is_none());
    check(&initial, &answers.trailers().await.unwrap().unwrap());
}

async fn pick_first_unary(wire: Wire) {
    let server = Interop::start(wire).await;
    let mut client = server.client().await;
    for _ in 0..100 {
        let request = SimpleRequest {
            response_size: 1,
            payload: payload(1),
            fill_server_id: true,
            ..SimpleRequest::default()
        };
        let answer = client.unary_call(request).await.unwrap().into_inner();
        assert_eq!(answer.server_id, std::process::id().to_string());
    }
}

async fn soaks(wire: Wire) {
    let server = Interop::start(wire).await;
    let mut client = server.client().await;
    for _ in 0..10 {
        call_large(&mut client).await;
        call_large(&mut server.client().await).await;
    }
}

async fn a_thousand_large_calls_at_once(wire: Wire) {
    let server = Interop::start(wire).await;
    let client = server.client().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let mut client = client.clone();
        calls.spawn(async move { call_large(&mut client).await });
    }
    let mut done = 0;
    while let Some(call) = calls.join_next().await {
        call.unwrap();
        done += 1;
    }
    assert_eq!(done, 1_000);
}

async fn a_payload_that_cannot_be_is_refused(wire: Wire) {
    let server = Interop::start(wire).await;
    let mut client = server.client().await;
    for size in [-1, i32::try_from(PAYLOAD_LEN_MAX).unwrap() + 1, i32::MAX] {
        let request = SimpleRequest {
            response_size: size,
            ..SimpleRequest::default()
        };
        let status = client.unary_call(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{size}");
        let answers = client.streaming_output_call(asking(&[size], 0)).await;
        let status = answers.unwrap().into_inner().next().await.unwrap();
        assert_eq!(status.unwrap_err().code(), Code::InvalidArgument, "{size}");
    }
}

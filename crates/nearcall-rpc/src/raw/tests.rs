//! Every kind of call against a service in this process that speaks bytes too.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::server::{Grpc as ServerGrpc, StreamingService};
use tonic::{Code, Streaming};
use tower::service_fn;

use super::*;

type Out = std::pin::Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;

/// What the service does, by the name of the method.
#[derive(Clone)]
struct Script(&'static str);

impl StreamingService<Bytes> for Script {
    type Response = Bytes;
    type ResponseStream = Out;
    type Future = std::future::Ready<Result<Response<Out>, Status>>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        let metadata = request.metadata().clone();
        let requests = request.into_inner();
        std::future::ready(answer(self.0, &metadata, requests))
    }
}

fn answer(
    method: &str,
    metadata: &MetadataMap,
    requests: Streaming<Bytes>,
) -> Result<Response<Out>, Status> {
    let stream: Out = match method {
        "Echo" => Box::pin(requests),
        "Silent" => Box::pin(tokio_stream::empty()),
        "Never" => Box::pin(tokio_stream::pending()),
        "Refuse" => return Err(Status::invalid_argument("not this")),
        "BreakOff" => Box::pin(tokio_stream::iter([
            Ok(Bytes::from_static(b"one")),
            Err(Status::data_loss("the rest is gone")),
        ])),
        "Timeout" => {
            let told = metadata.get("grpc-timeout").map(|value| value.as_bytes());
            let told = Bytes::copy_from_slice(told.unwrap_or(b"none"));
            Box::pin(tokio_stream::once(Ok(told)))
        }
        other => return Err(Status::unimplemented(other.to_owned())),
    };
    let mut response = Response::new(stream);
    if let Some(mark) = metadata.get("mark") {
        response.metadata_mut().insert("mark", mark.clone());
    }
    Ok(response)
}

fn channel() -> impl GrpcService<Body, ResponseBody = Body, Error = Infallible> + Clone {
    service_fn(|request: http::Request<Body>| async move {
        let method = match request.uri().path() {
            "/t.Test/Echo" => "Echo",
            "/t.Test/Silent" => "Silent",
            "/t.Test/Never" => "Never",
            "/t.Test/Refuse" => "Refuse",
            "/t.Test/BreakOff" => "BreakOff",
            "/t.Test/Timeout" => "Timeout",
            _ => "Unknown",
        };
        let mut grpc = ServerGrpc::new(BytesCodec).max_decoding_message_size(usize::MAX);
        Ok(grpc.streaming(Script(method), request).await)
    })
}

/// Calls a method of the service above.
async fn send(
    method: &str,
    requests: Request<impl Stream<Item = Bytes> + Send + 'static>,
    options: CallOptions,
) -> Result<Response<Replies>, Status> {
    call(channel(), &path(method), requests, options).await
}

/// Calls a method of the service above with one message.
async fn send_one(method: &str, request: Request<Bytes>) -> Result<Response<Bytes>, Status> {
    unary(channel(), &path(method), request, CallOptions::default()).await
}

fn path(method: &str) -> MethodPath {
    MethodPath::new("t.Test", method).unwrap()
}

fn messages(all: &[&'static [u8]]) -> Request<impl Stream<Item = Bytes> + Send + 'static> {
    let all: Vec<_> = all.iter().copied().map(Bytes::from_static).collect();
    Request::new(tokio_stream::iter(all))
}

#[tokio::test]
async fn carries_any_number_of_messages_both_ways() {
    for all in [
        &[][..],
        &[b"".as_slice()],
        &[b"one".as_slice(), b"", b"\x00\xff"],
    ] {
        let response = send("Echo", messages(all), CallOptions::default());
        let mut replies = response.await.unwrap().into_inner();
        let mut found = Vec::new();
        while let Some(message) = replies.message().await.unwrap() {
            found.push(message);
        }
        assert_eq!(found, all);
        assert_eq!(
            replies.message().await.unwrap(),
            None,
            "the end stays the end"
        );
        let trailers = replies.trailers().await.unwrap().unwrap();
        assert_eq!(trailers.get("grpc-status").unwrap(), "0");
    }
}

#[tokio::test]
async fn answers_while_requests_are_still_to_come() {
    let (sender, requests) = tokio::sync::mpsc::channel(1);
    let requests = Request::new(ReceiverStream::new(requests));
    let response = send("Echo", requests, CallOptions::default());
    let mut replies = response.await.unwrap().into_inner();
    for word in ["ping", "pong"] {
        sender.send(Bytes::from(word)).await.unwrap();
        assert_eq!(replies.message().await.unwrap().unwrap(), word);
    }
    drop(sender);
    assert_eq!(replies.message().await.unwrap(), None);
}

#[tokio::test]
async fn unary_takes_exactly_one_answer() {
    let check = async |method: &str, expected: Result<&[u8], Code>| {
        let request = Request::new(Bytes::from_static(b"x"));
        let found = send_one(method, request).await;
        let found = found
            .map(Response::into_inner)
            .map_err(|status| status.code());
        assert_eq!(found, expected.map(Bytes::copy_from_slice), "{method}");
    };
    check("Echo", Ok(b"x")).await;
    check("Silent", Err(Code::Internal)).await;
    check("Refuse", Err(Code::InvalidArgument)).await;
    check("BreakOff", Err(Code::DataLoss)).await;
    check("NotThere", Err(Code::Unimplemented)).await;
}

#[tokio::test]
async fn metadata_goes_there_and_back() {
    let mut request = Request::new(Bytes::new());
    request
        .metadata_mut()
        .insert("mark", "red".parse().unwrap());
    let response = send_one("Echo", request);
    assert_eq!(
        response.await.unwrap().metadata().get("mark").unwrap(),
        "red"
    );
}

#[tokio::test]
async fn an_error_comes_after_the_messages_before_it() {
    let response = send("BreakOff", messages(&[]), CallOptions::default());
    let mut replies = response.await.unwrap().into_inner();
    assert_eq!(replies.message().await.unwrap().unwrap(), "one");
    let status = replies.message().await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::DataLoss, "the rest is gone")
    );
    assert_eq!(replies.message().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_told_and_kept() {
    let options = CallOptions::default().deadline(Duration::from_secs(5));
    let told = send("Timeout", messages(&[]), options).await;
    let told = told.unwrap().into_inner().message().await;
    assert_eq!(told.unwrap().unwrap(), "5000000u");

    let started = Instant::now();
    let response = send("Never", messages(&[]), options);
    let status = response
        .await
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.message(), "the call did not end within 5s");
    assert_eq!(started.elapsed(), Duration::from_secs(5));

    let deaf = service_fn(|_: http::Request<Body>| {
        std::future::pending::<Result<http::Response<Body>, Infallible>>()
    });
    let status = call(deaf, &path("Never"), messages(&[]), options)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn the_limit_holds_both_ways_and_says_so() {
    let options = CallOptions::default().message_max(4);
    let check = async |message: &'static [u8], expected: Result<(), OverLimit>| {
        let request = Request::new(Bytes::from_static(message));
        let found = unary(channel(), &path("Echo"), request, options).await;
        let found = found.map(|_| ()).map_err(|status| {
            assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
            OverLimit::of(&status).unwrap()
        });
        assert_eq!(found, expected);
    };
    let sent = OverLimit {
        direction: Direction::Sent,
        found: 5,
        limit: 4,
    };
    check(b"1234", Ok(())).await;
    check(b"12345", Err(sent)).await;

    // The server is let to answer with more than it was asked for.
    let options = options.deadline(Duration::from_secs(60));
    let received = send("Timeout", messages(&[]), options).await;
    let status = received.unwrap().into_inner().message().await.unwrap_err();
    let expected = OverLimit {
        direction: Direction::Received,
        found: 9,
        limit: 4,
    };
    assert_eq!(OverLimit::of(&status), Some(expected));
    assert_eq!(
        status.message(),
        "a message of the answer has 9 bytes, the limit is 4"
    );
}

#[tokio::test]
async fn dropping_the_replies_cancels_the_call() {
    struct Flag(Arc<AtomicBool>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&dropped);
    let channel = service_fn(move |_: http::Request<Body>| {
        let flag = Flag(Arc::clone(&flag));
        let body =
            StreamBody::new(tokio_stream::pending()).map_frame(move |frame: Frame<Bytes>| {
                let _ = &flag;
                frame
            });
        let response = http::Response::builder()
            .header("content-type", "application/grpc")
            .body(Body::new(body.map_err(|never: Infallible| match never {})));
        std::future::ready(Ok::<_, Infallible>(response.unwrap()))
    });
    let path = path("Echo");
    let response = call(channel, &path, messages(&[]), CallOptions::default());
    let replies = response.await.unwrap();
    assert!(!dropped.load(Ordering::SeqCst));
    drop(replies);
    assert!(dropped.load(Ordering::SeqCst));
}

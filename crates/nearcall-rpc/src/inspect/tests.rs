//! Real reflection and health services in this process, and servers that mean ill.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::server::{Grpc as ServerGrpc, StreamingService};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{
    ErrorResponse, FileDescriptorResponse, ServerReflectionRequest, ServerReflectionResponse,
};
use tower::{ServiceExt as _, service_fn};

use super::*;
use crate::raw::BytesCodec;

fn file(name: &str, imports: &[&str]) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.to_owned()),
        package: Some("t".to_owned()),
        dependency: imports.iter().map(|&import| import.to_owned()).collect(),
        message_type: vec![prost_types::DescriptorProto {
            name: Some(name.trim_end_matches(".proto").to_owned()),
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// A diamond with one import that no server has.
fn set() -> FileDescriptorSet {
    FileDescriptorSet {
        file: vec![
            file("d.proto", &["google/protobuf/any.proto"]),
            file("c.proto", &["d.proto"]),
            file("b.proto", &["d.proto"]),
            file("a.proto", &["b.proto", "c.proto"]),
        ],
    }
}

/// tonic's own reflection, in the versions asked for.
fn reflecting(
    v1: bool,
    v1alpha: bool,
) -> impl GrpcService<Body, ResponseBody = Body, Error = Infallible> + Clone {
    let builder =
        || tonic_reflection::server::Builder::configure().register_file_descriptor_set(set());
    let new = builder().build_v1().unwrap();
    let old = builder().build_v1alpha().unwrap();
    service_fn(move |request: http::Request<Body>| {
        let (new, old) = (new.clone(), old.clone());
        async move {
            match request.uri().path().split('/').nth(1).unwrap() {
                "grpc.reflection.v1.ServerReflection" if v1 => new.oneshot(request).await,
                "grpc.reflection.v1alpha.ServerReflection" if v1alpha => old.oneshot(request).await,
                _ => Ok(Status::unimplemented("").into_http()),
            }
        }
    })
}

#[tokio::test]
async fn either_version_of_reflection_lists_services() {
    let check = async |v1, v1alpha, expected: Option<&str>| {
        let found = Inspector::new(reflecting(v1, v1alpha)).services().await;
        match expected {
            Some(service) => assert_eq!(found.unwrap(), [service]),
            None => assert!(matches!(found, Err(InspectError::NoReflection))),
        }
    };
    check(true, true, Some("grpc.reflection.v1.ServerReflection")).await;
    check(true, false, Some("grpc.reflection.v1.ServerReflection")).await;
    check(
        false,
        true,
        Some("grpc.reflection.v1alpha.ServerReflection"),
    )
    .await;
    check(false, false, None).await;
}

#[tokio::test]
async fn descriptors_hold_every_import_once() {
    for (v1, v1alpha) in [(true, true), (false, true)] {
        let mut server = Inspector::new(reflecting(v1, v1alpha));
        let found = server.descriptors("t.a").await.unwrap();
        assert_eq!(found.missing, ["google/protobuf/any.proto"]);
        let set = FileDescriptorSet::decode(found.to_file_descriptor_set().as_slice()).unwrap();
        let mut names: Vec<_> = set.file.iter().map(FileDescriptorProto::name).collect();
        names.sort_unstable();
        assert_eq!(names, ["a.proto", "b.proto", "c.proto", "d.proto"]);

        let unknown = server.descriptors("t.nobody").await.unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "the server's reflection knows no t.nobody"
        );
    }
}

#[tokio::test]
async fn health_is_asked_per_service() {
    let (reporter, server) = tonic_health::server::health_reporter();
    reporter
        .set_service_status("t.Well", tonic_health::ServingStatus::Serving)
        .await;
    reporter
        .set_service_status("t.Ill", tonic_health::ServingStatus::NotServing)
        .await;
    let inspector = Inspector::new(server);
    let check = async |service: &str, expected: Option<Health>| {
        assert_eq!(
            inspector.health(service).await.ok(),
            expected,
            "{service:?}"
        );
    };
    check("", Some(Health::Serving)).await;
    check("t.Well", Some(Health::Serving)).await;
    check("t.Ill", Some(Health::NotServing)).await;
    check("t.Nobody", None).await;
    let nobody = inspector.health("t.Nobody").await.unwrap_err();
    assert!(
        matches!(nobody, InspectError::UnknownService { .. }),
        "{nobody}"
    );

    let without = Inspector::new(reflecting(true, true))
        .health("")
        .await
        .unwrap_err();
    assert!(matches!(without, InspectError::NoHealth), "{without}");
}

/// What a made-up server answers to one question.
trait Answers: Fn(MessageRequest) -> Result<MessageResponse, Status> + Send + Sync + 'static {}
impl<F: Fn(MessageRequest) -> Result<MessageResponse, Status> + Send + Sync + 'static> Answers
    for F
{
}

struct Scripted<F>(Arc<F>);

impl<F: Answers> StreamingService<Bytes> for Scripted<F> {
    type Response = Bytes;
    type ResponseStream = tokio_stream::Once<Result<Bytes, Status>>;
    type Future = std::pin::Pin<
        Box<dyn Future<Output = Result<Response<Self::ResponseStream>, Status>> + Send>,
    >;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        let script = Arc::clone(&self.0);
        Box::pin(async move {
            let question = request.into_inner().message().await?.unwrap();
            let question = ServerReflectionRequest::decode(question).unwrap();
            let answer = ServerReflectionResponse {
                message_response: Some(script(question.message_request.unwrap())?),
                ..Default::default()
            };
            Ok(Response::new(tokio_stream::once(Ok(answer
                .encode_to_vec()
                .into()))))
        })
    }
}

fn scripted<F: Answers>(
    script: F,
) -> impl GrpcService<Body, ResponseBody = Body, Error = Infallible> + Clone {
    let script = Arc::new(script);
    service_fn(move |request: http::Request<Body>| {
        let service = Scripted(Arc::clone(&script));
        async move {
            Ok(ServerGrpc::new(BytesCodec)
                .streaming(service, request)
                .await)
        }
    })
}

fn files(files: &[FileDescriptorProto]) -> MessageResponse {
    MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
        file_descriptor_proto: files.iter().map(prost::Message::encode_to_vec).collect(),
    })
}

#[tokio::test]
async fn a_server_that_goes_on_and_on_is_stopped() {
    let asked = AtomicUsize::new(0);
    let endless = scripted(move |_| {
        let n = asked.fetch_add(1, Ordering::SeqCst);
        Ok(files(&[file(
            &format!("{n}.proto"),
            &[&format!("{}.proto", n + 1)],
        )]))
    });
    let error = Inspector::new(endless)
        .descriptors("t.a")
        .await
        .unwrap_err();
    assert!(
        matches!(error, InspectError::TooManyFiles { .. }),
        "{error}"
    );

    let imports: Vec<_> = (0..=FILES_MAX).map(|n| format!("{n}.proto")).collect();
    let wide = scripted(move |_| {
        let imports: Vec<_> = imports.iter().map(String::as_str).collect();
        Ok(files(&[file("a.proto", &imports)]))
    });
    let error = Inspector::new(wide).descriptors("t.a").await.unwrap_err();
    assert!(
        matches!(error, InspectError::TooManyFiles { .. }),
        "{error}"
    );

    let asked = AtomicUsize::new(0);
    let padding = "x".repeat(ANSWER_BYTES_MAX - 4096);
    let heavy = scripted(move |_| {
        let n = asked.fetch_add(1, Ordering::SeqCst);
        let mut file = file(&format!("{n}.proto"), &[&format!("{}.proto", n + 1)]);
        file.message_type[0].name = Some(padding.clone());
        Ok(files(&[file]))
    });
    let error = Inspector::new(heavy).descriptors("t.a").await.unwrap_err();
    assert!(
        matches!(error, InspectError::TooManyBytes { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn the_same_file_over_and_over_ends() {
    let stubborn = scripted(|_| Ok(files(&[file("a.proto", &["a.proto", "b.proto"])])));
    let found = Inspector::new(stubborn).descriptors("t.a").await.unwrap();
    assert_eq!(found.files.len(), 1);
    assert_eq!(found.missing, ["b.proto"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_given_up() {
    let silent = service_fn(|_: http::Request<Body>| {
        std::future::pending::<Result<http::Response<Body>, Infallible>>()
    });
    let error = Inspector::new(silent).services().await.unwrap_err();
    let InspectError::Call { status, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn answers_of_the_wrong_kind_are_named() {
    let check = async |answer: MessageResponse, expected: &str| {
        let server = scripted(move |_| Ok(answer.clone()));
        let error = Inspector::new(server).services().await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(
        files(&[]),
        "expected a list of services in answer to the question for its services, found file descriptors",
    )
    .await;
    let refusal = ErrorResponse {
        error_code: Code::PermissionDenied as i32,
        error_message: "not for you".to_owned(),
    };
    check(
        MessageResponse::ErrorResponse(refusal),
        "asking the server for its services failed: not for you (PermissionDenied)",
    )
    .await;
    let garbled = MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
        file_descriptor_proto: vec![vec![0xff]],
    });
    let server = scripted(move |_| Ok(garbled.clone()));
    let error = Inspector::new(server).descriptors("t.a").await.unwrap_err();
    assert!(matches!(error, InspectError::Malformed { .. }), "{error}");
}

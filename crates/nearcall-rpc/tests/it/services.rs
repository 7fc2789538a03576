//! Health, reflection, and what is said to callers of what is not there.

use bytes::Bytes;
use nearcall::inspect::{Health, Inspector};
use nearcall::raw::{self, CallOptions, MethodPath};
use nearcall::{Reason, Request, Wire, tokio};
use nearcall_testkit::Running;

nearcall_testkit::wire_suite!(
    an_unknown_method_says_which_there_are,
    reflection_lists_what_is_served_and_describes_it,
    health_is_told_for_the_server_and_for_each_service,
);

async fn an_unknown_method_says_which_there_are(wire: Wire) {
    let server = Running::start().await.over(wire);
    let channel = server.channel().await;
    let check = async |service: &str, method: &str, reason: Reason, mentions: &str| {
        let path = MethodPath::new(service, method).unwrap();
        let empty = Request::new(Bytes::new());
        let status = raw::unary(channel.clone(), &path, empty, CallOptions::default())
            .await
            .unwrap_err();
        assert_eq!(
            Reason::of(&status),
            Some(reason),
            "{service}/{method}: {status:?}"
        );
        assert!(
            status.message().contains(mentions),
            "{service}/{method}: {status:?}"
        );
    };
    check(
        "testing.v1.Probe",
        "Nothing",
        Reason::UnknownMethod,
        "UnaryIdempotent",
    )
    .await;
    check(
        "testing.v1.Nobody",
        "Unary",
        Reason::UnknownService,
        "testing.v1.Probe",
    )
    .await;
}

async fn reflection_lists_what_is_served_and_describes_it(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut inspector = Inspector::new(server.channel().await);
    let services = inspector.services().await.unwrap();
    for expected in [
        "testing.v1.Probe",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
    ] {
        assert!(
            services.iter().any(|name| name == expected),
            "{expected} in {services:?}"
        );
    }
    let descriptors = inspector.descriptors("testing.v1.Probe").await.unwrap();
    assert!(
        descriptors.missing.is_empty() && !descriptors.files.is_empty(),
        "{descriptors:?}"
    );
}

async fn health_is_told_for_the_server_and_for_each_service(wire: Wire) {
    let server = Running::start().await.over(wire);
    let inspector = Inspector::new(server.channel().await);
    for service in ["", "testing.v1.Probe"] {
        assert_eq!(
            inspector.health(service).await.unwrap(),
            Health::Serving,
            "{service:?}"
        );
    }
}

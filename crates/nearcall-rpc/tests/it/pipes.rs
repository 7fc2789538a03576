//! What only a named pipe can do to a client: have no free instance, and be another's.

use std::sync::Arc;
use std::time::Duration;

use nearcall::{Channel, Code, ConnectError, Request, tokio};
use nearcall_testkit::probe::{Order, ProbeClient};
use nearcall_testkit::{Running, STRANGER, address_in, eventually, squat};
use tokio::net::windows::named_pipe::{ClientOptions, ServerOptions};

/// What a call to who does not answer has to end by.
const SHORT: Duration = Duration::from_millis(300);

fn path_of(address: &str) -> String {
    format!(r"\\.\pipe\{}", address.strip_prefix("pipe:").unwrap())
}

fn unary() -> Request<Order> {
    let mut request = Request::new(Order::default());
    request.set_timeout(SHORT);
    request
}

#[tokio::test]
async fn a_pipe_that_stays_busy_costs_no_longer_than_the_deadline_and_is_used_once_it_is_free() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let address = address_in(folder.path());
    let path = path_of(&address);
    let mut only = ServerOptions::new();
    let only = only.first_pipe_instance(true).max_instances(1);
    let server = only.create(&path).unwrap();
    let holder = ClientOptions::new().open(&path).unwrap();
    server.connect().await.unwrap();

    let mut client = ProbeClient::new(Channel::lazy(&address).unwrap());
    let status = client.unary(unary()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");

    // One that has the time waits, and is let in by the next that has the name.
    let mut patient = client.clone();
    let waiting = tokio::spawn(async move { patient.unary(Order::default()).await });
    let status = client.unary(unary()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!(!waiting.is_finished(), "it still waits");
    drop((holder, server));
    eventually("the name is free", || !Running::is_there(folder.path())).await;
    let _server = Running::start_in(folder, |server| server).await;
    // It may have looked in between, when there was nobody.
    let waited = waiting.await.unwrap();
    if let Err(status) = waited {
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    }
    client.unary(Order::default()).await.expect("an answer");
}

#[tokio::test]
async fn a_pipe_that_a_stranger_made_first_is_told_nothing_and_the_client_says_whose_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let address = address_in(folder.path());
    let squatter = squat(&address, STRANGER);
    let connecting = Channel::connect(&address);
    let (error, accepted) = tokio::join!(connecting, squatter.connect());
    accepted.unwrap();
    let error = error.unwrap_err();
    assert!(matches!(error, ConnectError::WrongPeer { .. }), "{error:?}");
    let text = format!("{error:?}");
    assert!(
        text.contains("nothing was sent to it") && text.contains(STRANGER),
        "{text}"
    );
    let mut heard = [0; 1];
    let read = squatter.try_read(&mut heard);
    assert!(
        !matches!(read, Ok(1)),
        "not one byte came before it was known whose the pipe is"
    );
}

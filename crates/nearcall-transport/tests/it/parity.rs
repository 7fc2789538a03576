//! Peers that use `parity-tokio-ipc` itself.

use std::os::unix::fs::PermissionsExt;

use nearcall_testkit::isolated;
use nearcall_transport::{Address, BindError, Connection, ListenOptions, Listener, runtime_dir};
use parity_tokio_ipc::Endpoint;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_stream::StreamExt;

#[tokio::test]
async fn its_client_calls_our_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arith.ipc");
    let address = Address::Parity(path.display().to_string());
    let mut listener = Listener::bind(&address, &ListenOptions::default())
        .await
        .unwrap();
    let mut client = Endpoint::connect(&path).await.unwrap();
    let mut server = listener.accept().await.unwrap();
    client.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    server.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
    server.write_all(b"you").await.unwrap();
    drop(server);
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"you");
}

#[tokio::test]
async fn our_client_calls_its_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arith.ipc").display().to_string();
    let mut incoming = Box::pin(Endpoint::new(path.clone()).incoming().unwrap());
    let mut client = Connection::connect(&Address::Parity(path.clone()))
        .await
        .unwrap();
    let mut server = incoming.next().await.unwrap().unwrap();
    client.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    server.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
    // It is a live server without a lock, and so is not disturbed.
    let bound = Listener::bind(&Address::Parity(path), &ListenOptions::default()).await;
    assert!(matches!(bound, Err(BindError::InUse { .. })), "{bound:?}");
}

#[tokio::test]
async fn what_a_dead_server_left_is_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arith.ipc");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let address = Address::Parity(path.display().to_string());
    drop(
        Listener::bind(&address, &ListenOptions::default())
            .await
            .unwrap(),
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_name_is_a_socket_in_a_private_folder() {
    if isolated("parity::a_name_is_a_socket_in_a_private_folder", &[]).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let address: Address = "parity:arith".parse().unwrap();
        let mut listener = Listener::bind(&address, &ListenOptions::default())
            .await
            .unwrap();
        let path = runtime_dir().join("parity/arith.sock");
        assert_eq!(
            *listener.address(),
            Address::Parity(path.display().to_string())
        );
        let mode =
            |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        let (client, server) = tokio::join!(Connection::connect(&address), listener.accept());
        drop((client.unwrap(), server.unwrap()));
    });
}

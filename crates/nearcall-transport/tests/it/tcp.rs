//! What is special to TCP.

use nearcall_transport::{Address, BindError, ConnectError, Connection, ListenOptions, Listener};

#[tokio::test]
async fn only_loopback_unless_insecure_is_meant() {
    let everywhere: Address = "http://0.0.0.0:0".parse().unwrap();
    match Listener::bind(&everywhere, &ListenOptions::default()).await {
        Err(error @ BindError::NotLoopback { .. }) => {
            assert!(error.to_string().contains("0.0.0.0:0"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    let insecure = ListenOptions {
        insecure: true,
        ..ListenOptions::default()
    };
    let listener = Listener::bind(&everywhere, &insecure).await.unwrap();
    assert!(!listener.address().to_string().ends_with(":0"));
}

#[tokio::test]
async fn localhost_resolves_to_loopback() {
    let mut listener = Listener::bind(
        &"http://localhost:0".parse().unwrap(),
        &ListenOptions::default(),
    )
    .await
    .unwrap();
    let Address::Http(host) = listener.address().clone() else {
        panic!("{:?}", listener.address())
    };
    assert_ne!(host.port(), 0);
    let by_name: Address = format!("http://localhost:{}", host.port()).parse().unwrap();
    let (client, server) = tokio::join!(Connection::connect(&by_name), listener.accept());
    drop((client.unwrap(), server.unwrap()));
}

#[tokio::test]
async fn an_unknown_host_is_told() {
    let address: Address = "http://no-such-host.invalid:1".parse().unwrap();
    assert!(matches!(
        Connection::connect(&address).await,
        Err(ConnectError::UnknownHost { .. })
    ));
    let bound = Listener::bind(&address, &ListenOptions::default()).await;
    assert!(
        matches!(bound, Err(BindError::UnknownHost { .. })),
        "{bound:?}"
    );
}

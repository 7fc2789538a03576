//! What a wire with a listener has to do.

use std::time::Duration;

use nearcall::tokio;
use nearcall_transport::{
    BindError, ConnectError, Connection, ListenOptions, Listener, Peer, PeerPolicy, Transport,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Wire;
use crate::PATIENCE;

/// How many connections there are at once.
const MANY: u32 = 64;

/// How often an accept is given up before it is let be.
const GIVEN_UP: usize = 100;

/// Both ends know each other as far as the wire can say, and the default policy goes by it.
///
/// # Panics
///
/// An identity is wrong, or the policy is.
pub async fn peer_is_known(wire: &Wire) {
    let (client, server) = wire.pair().await;
    for connection in [&client, &server] {
        let peer = connection.peer();
        assert_eq!(connection.transport(), wire.transport());
        let admitted = PeerPolicy::default().admit(peer);
        match wire.transport() {
            Transport::Tcp => {
                assert_eq!((peer.uid, peer.pid), (None, None));
                assert!(
                    peer.remote.is_some_and(|remote| remote.ip().is_loopback()),
                    "{peer}"
                );
                assert!(admitted.is_ok());
            }
            Transport::Parity => {
                assert_eq!((peer.uid, peer.pid), (None, None));
                assert!(admitted.is_err());
                assert!(PeerPolicy::default().allow_unknown().admit(peer).is_ok());
            }
            _ => {
                #[cfg(unix)]
                {
                    assert_eq!(peer.uid, Some(rustix::process::geteuid().as_raw()));
                    assert_eq!(peer.gid, Some(rustix::process::getegid().as_raw()));
                }
                if wire.transport() == Transport::Pipe {
                    let own = Peer::this_process(Transport::Pipe);
                    assert!(own.sid.is_some());
                    assert_eq!(peer.sid, own.sid);
                }
                assert_eq!(peer.pid, Some(std::process::id()));
                assert!(admitted.is_ok());
            }
        }
    }
}

/// Connections do not disturb each other, also when the backlog is shorter than they are many.
///
/// # Panics
///
/// One fails, or hears another's bytes.
pub async fn many_connections(wire: &Wire) {
    let mut options = ListenOptions::default();
    // The kernel answers a full backlog of TCP with silence, and clients try again after a second, then three, then seven.
    if wire.transport() != Transport::Tcp {
        options.backlog = 4;
    }
    let mut listener = Listener::bind(wire.address(), &options)
        .await
        .expect("the address is free");
    let address = listener.address().clone();
    let clients: Vec<_> = (0..MANY)
        .map(|number| {
            let address = address.clone();
            tokio::spawn(async move {
                let mut client = Connection::connect(&address)
                    .await
                    .expect("the listener can be dialed");
                client.write_u32(number).await.expect("the client writes");
                assert_eq!(
                    client.read_u32().await.expect("the client reads"),
                    number * 2
                );
            })
        })
        .collect();
    let serve = async {
        let mut servers = Vec::new();
        for _ in 0..MANY {
            servers.push(listener.accept().await.expect("the listener accepts"));
        }
        // All are open before the first is answered.
        for server in &mut servers {
            let number = server.read_u32().await.expect("the server reads");
            server
                .write_u32(number * 2)
                .await
                .expect("the server writes");
        }
        for client in clients {
            client.await.expect("the client is content");
        }
    };
    tokio::time::timeout(PATIENCE * 2, serve)
        .await
        .expect("all are served");
}

/// An accept that is given up loses no connection.
///
/// # Panics
///
/// A connection is lost.
pub async fn accept_is_cancel_safe(wire: &Wire) {
    let mut listener = wire.listen().await;
    let address = listener.address().clone();
    for _ in 0..GIVEN_UP {
        let given_up = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
        assert!(given_up.is_err(), "nobody has dialed yet");
    }
    let dialing = tokio::spawn(async move {
        let mut clients = Vec::new();
        for _ in 0..MANY {
            clients.push(
                Connection::connect(&address)
                    .await
                    .expect("the listener can be dialed"),
            );
        }
        clients
    });
    let mut servers = Vec::new();
    let accept_all = async {
        while servers.len() < MANY as usize {
            // Polled once and dropped, ready or not.
            if let Ok(accepted) = tokio::time::timeout(Duration::ZERO, listener.accept()).await {
                servers.push(accepted.expect("the listener accepts"));
            }
        }
    };
    tokio::time::timeout(PATIENCE * 2, accept_all)
        .await
        .expect("no connection is lost");
    drop(dialing.await.expect("all clients are connected"));
}

/// An address that nobody listens at, before and after somebody did, is an error that says so.
///
/// # Panics
///
/// Somebody answers, or the error says something else.
pub async fn nobody_listens(wire: &Wire) {
    let listener = wire.listen().await;
    let address = listener.address().clone();
    drop(listener);
    match Connection::connect(&address).await {
        Err(
            error @ (ConnectError::NotFound { .. }
            | ConnectError::Refused { .. }
            | ConnectError::NotListening { .. }),
        ) => {
            assert!(error.to_string().contains(&address.to_string()), "{error}");
        }
        other => panic!("expected that nobody listens at {address}, found {other:?}"),
    }
}

/// A listener that is dropped leaves nothing behind, and its address can be listened at again.
///
/// # Panics
///
/// Something is left, or the address stays taken.
pub async fn drop_leaves_nothing(wire: &Wire) {
    for _ in 0..3 {
        let listener = wire.listen().await;
        let connected = Connection::connect(listener.address()).await;
        drop(listener);
        drop(connected.expect("the listener can be dialed"));
        let left: Vec<_> = std::fs::read_dir(wire.folder())
            .expect("the folder is there")
            .collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

/// Whoever comes second is refused and told so, and the first one goes on.
///
/// # Panics
///
/// Both listen, or the first is disturbed.
pub async fn bind_twice_is_refused(wire: &Wire) {
    let mut listener = wire.listen().await;
    let address = listener.address().clone();
    match Listener::bind(&address, &ListenOptions::default()).await {
        Err(error @ BindError::InUse { .. }) => {
            assert!(error.to_string().contains(&address.to_string()), "{error}");
        }
        other => panic!("expected that {address} is in use, found {other:?}"),
    }
    let client = Connection::connect(&address);
    let (client, server) = tokio::join!(client, listener.accept());
    drop((
        client.expect("the first one can be dialed"),
        server.expect("the first one accepts"),
    ));
}

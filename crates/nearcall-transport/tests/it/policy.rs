//! Who is admitted.

use nearcall_transport::{Peer, PeerPolicy, Transport};

fn peer(transport: Transport, uid: Option<u32>) -> Peer {
    let mut peer = Peer::unknown(transport);
    peer.uid = uid;
    peer
}

#[test]
fn the_policy_decides() {
    let own = Peer::this_process(Transport::Unix).uid.unwrap();
    let other = own + 1;
    let check = |policy: PeerPolicy, transport, uid, expected: Result<(), &str>| {
        let decided = policy.admit(&peer(transport, uid));
        match (&decided, expected) {
            (Ok(()), Ok(())) => {}
            (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
            _ => panic!("{policy:?} {transport} {uid:?}: {decided:?}"),
        }
    };
    let default = PeerPolicy::default;
    for wire in [Transport::Unix, Transport::UnixAbstract, Transport::Inherit] {
        check(default(), wire, Some(own), Ok(()));
        check(default(), wire, Some(other), Err(&format!("uid={other}")));
        check(default(), wire, None, Err("unknown identity"));
        check(default().allow_uid(other), wire, Some(other), Ok(()));
        check(default().allow_uid(other), wire, Some(own), Ok(()));
        check(
            default().allow_uid(other),
            wire,
            Some(other + 1),
            Err(&format!("uid {own} or uid {other}")),
        );
        check(default().allow_any_user(), wire, Some(other), Ok(()));
        check(
            default().allow_any_user(),
            wire,
            None,
            Err("unknown identity"),
        );
        check(default().allow_unknown(), wire, None, Ok(()));
        check(
            default().allow_unknown(),
            wire,
            Some(other),
            Err(&format!("uid={other}")),
        );
    }
    check(default(), Transport::Memory, None, Ok(()));
    check(default(), Transport::Tcp, None, Ok(()));
    check(default(), Transport::Parity, None, Err("unknown identity"));
    check(default().allow_unknown(), Transport::Parity, None, Ok(()));
}

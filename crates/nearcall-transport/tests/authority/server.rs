//! A real HTTP/2 server behind the filter: what it refuses without healing, what it sees with it.

use std::time::Duration;

use nearcall_transport::authority::Healed;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::wire::{
    AUTHORITY_NAMES, Framing, HEADERS, Name, SPELLINGS, Spelling, connection, indexed, literal,
    request_start, size_update,
};

/// How long the server may take over one connection in memory before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a server made of a connection.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The requests that were served, with the authority that the server saw and their other fields.
    pub(crate) served: Vec<Seen>,
    /// Streams that the server reset.
    pub(crate) reset: Vec<u32>,
    /// Whether the server closed the connection over an error.
    pub(crate) gone: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) authority: Option<String>,
    pub(crate) path: String,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
}

/// Sends `bytes`, which hold `requests` requests, to a server that reads through `wrap`.
pub(crate) fn serve<C>(
    bytes: &[u8],
    requests: usize,
    wrap: impl FnOnce(tokio::io::DuplexStream) -> C,
) -> Outcome
where
    C: AsyncRead + AsyncWrite + Unpin,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (client, accepted) = tokio::io::duplex(64 * 1024);
        let wrapped = wrap(accepted);
        let both = async { tokio::join!(answer(wrapped), send(client, bytes, requests)) };
        let (served, (reset, gone)) = tokio::time::timeout(PATIENCE, both).await.unwrap();
        Outcome {
            served,
            reset,
            gone,
        }
    })
}

/// Serves until the connection ends.
async fn answer<C: AsyncRead + AsyncWrite + Unpin>(io: C) -> Vec<Seen> {
    let mut served = Vec::new();
    let Ok(mut server) = h2::server::handshake(io).await else {
        return served;
    };
    while let Some(Ok((request, mut respond))) = server.accept().await {
        served.push(Seen {
            authority: request.uri().authority().map(ToString::to_string),
            path: request.uri().path().to_owned(),
            fields: request
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
                .collect(),
        });
        respond
            .send_response(http::Response::new(()), true)
            .unwrap();
    }
    served
}

/// Sends all, then listens until every request was answered or reset, or the connection is over.
async fn send(client: tokio::io::DuplexStream, bytes: &[u8], requests: usize) -> (Vec<u32>, bool) {
    let (mut reader, mut writer) = tokio::io::split(client);
    let write = async {
        // A server that goes away early is a result, not a failure of the test.
        let _ = writer.write_all(bytes).await;
    };
    let listen = async {
        let mut reset = Vec::new();
        let mut answered = 0;
        while answered + reset.len() < requests {
            let mut head = [0; 9];
            if reader.read_exact(&mut head).await.is_err() {
                return (reset, true);
            }
            let len = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let mut payload = vec![0; len as usize];
            reader.read_exact(&mut payload).await.unwrap();
            match head[3] {
                HEADERS => answered += 1,
                0x3 => reset.push(stream),
                0x7 => return (reset, true),
                _ => {}
            }
        }
        (reset, false)
    };
    let ((), heard) = tokio::join!(write, listen);
    heard
}

fn request(authority: &[u8]) -> Vec<u8> {
    [&request_start()[..], authority].concat()
}

fn seen(authority: &str) -> Seen {
    Seen {
        authority: Some(authority.to_owned()),
        path: "/".to_owned(),
        fields: vec![],
    }
}

/// The server refuses the authority as it is, and sees `expected` through the filter: in the first request, in one that
/// spells it again, and where it can in one that refers to the table.
#[track_caller]
fn check(authority: &[u8], expected: &str) {
    for spelling in SPELLINGS {
        for name in AUTHORITY_NAMES {
            for huffman in [false, true] {
                let spelled = request(&literal(spelling, name, authority, huffman));
                let mut blocks = vec![spelled.clone(), spelled];
                if spelling == Spelling::Incremental {
                    blocks.push(request(&indexed(62)));
                    blocks.push(request(&indexed(63)));
                }
                for framing in [
                    Framing::default(),
                    Framing {
                        padding: Some(5),
                        priority: true,
                        cuts: vec![2, 7],
                    },
                ] {
                    let bytes = connection(&framing, &blocks);
                    let healed = serve(&bytes, blocks.len(), Healed::new);
                    let all = blocks.iter().map(|_| seen(expected)).collect();
                    assert_eq!(
                        healed,
                        Outcome {
                            served: all,
                            ..Outcome::default()
                        }
                    );

                    let unhealed = serve(&bytes, blocks.len(), Healed::passive);
                    assert_eq!(
                        unhealed.served,
                        [],
                        "the server takes it as it is: nothing to heal"
                    );
                    assert!(
                        unhealed.gone || unhealed.reset.len() == blocks.len(),
                        "{unhealed:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn refused_as_it_is_and_served_when_healed() {
    check(b"a%2Fb.sock", "a-2Fb.sock");
    check(b"/run/nearcall/arena.sock", "-run-nearcall-arena.sock");
    check(br"%5C%5C.%5Cpipe%5Cn", "-5C-5C.-5Cpipe-5Cn");
    check(br"\\.\pipe\n", "--.-pipe-n");
    check("grüße".as_bytes(), "gr----e");
    check(b"a:b:c", "a-b-c");
    check(b"host@", "host-");
    check(b"[::1", "---1");
}

#[test]
fn an_empty_authority() {
    let framing = Framing::default();
    let blocks = [
        request(&indexed(1)),
        request(&literal(Spelling::Without, Name::Index(1), b"", false)),
        request(&literal(
            Spelling::Never,
            Name::Plain(":authority"),
            b"",
            true,
        )),
    ];
    let bytes = connection(&framing, &blocks);
    assert_eq!(serve(&bytes, 3, Healed::passive).reset, [1, 3, 5]);
    let served = vec![seen("localhost"), seen("localhost"), seen("localhost")];
    assert_eq!(
        serve(&bytes, 3, Healed::new),
        Outcome {
            served,
            ..Outcome::default()
        }
    );

    // Entered into the table it cannot be healed; the server refuses the one request and no other.
    let blocks = [
        request(&literal(Spelling::Incremental, Name::Index(1), b"", false)),
        request(&indexed(62)),
        request(&literal(
            Spelling::Incremental,
            Name::Index(62),
            b"/a",
            true,
        )),
        request(&indexed(62)),
        request(&indexed(63)),
    ];
    let served = vec![seen("localhost"), seen("-a"), seen("-a"), seen("localhost")];
    assert_eq!(
        serve(&connection(&framing, &blocks), 5, Healed::new),
        Outcome {
            served,
            reset: vec![1],
            gone: false
        }
    );
}

#[test]
fn a_table_that_evicts() {
    let with = |field: Vec<u8>, value: &str| {
        [
            request(&field),
            literal(
                Spelling::Incremental,
                Name::Plain("x-match"),
                value.as_bytes(),
                true,
            ),
        ]
        .concat()
    };
    let spelled = || literal(Spelling::Incremental, Name::Index(1), b"/a/b", true);
    // Room for two entries: the second field of every second block evicts the authority.
    let blocks = [
        [size_update(100), with(spelled(), "alpha")].concat(),
        with(indexed(63), "alpha"),
        with(spelled(), "beta"),
        with(indexed(63), "beta"),
        [size_update(0), size_update(100), with(spelled(), "gamma")].concat(),
        with(indexed(63), "gamma"),
    ];
    let with_match = |value: &str| Seen {
        fields: vec![("x-match".to_owned(), value.into())],
        ..seen("-a-b")
    };
    let served = ["alpha", "alpha", "beta", "beta", "gamma", "gamma"]
        .map(with_match)
        .into();
    assert_eq!(
        serve(
            &connection(&Framing::default(), &blocks),
            blocks.len(),
            Healed::new
        ),
        Outcome {
            served,
            ..Outcome::default()
        }
    );
}

#[test]
fn after_a_clean_authority_a_bad_one_is_refused() {
    let blocks = [
        request(&literal(
            Spelling::Incremental,
            Name::Index(1),
            b"localhost",
            true,
        )),
        request(&literal(Spelling::Without, Name::Index(1), b"/a/b", true)),
        request(&indexed(62)),
    ];
    assert_eq!(
        serve(&connection(&Framing::default(), &blocks), 3, Healed::new),
        Outcome {
            served: vec![seen("localhost"), seen("localhost")],
            reset: vec![3],
            gone: false
        }
    );
}

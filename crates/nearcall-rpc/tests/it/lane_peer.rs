//! A peer that speaks the lane by hand, frame by frame, as well or as badly as a test wants.

use bytes::BufMut;
use nearcall::{Address, Connection, tokio};
use nearcall_testkit::PATIENCE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(crate) const OPENING: &[u8] = b"\x89NCALL\r\n";

pub(crate) const CALL: u8 = 2;
pub(crate) const HEADERS: u8 = 3;
pub(crate) const MESSAGE: u8 = 4;
pub(crate) const END: u8 = 6;
pub(crate) const CREDIT: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;
pub(crate) const GOAWAY: u8 = 11;

/// Flags of CALL and END.
pub(crate) const LAST: u8 = 1;
pub(crate) const WITH_MESSAGE: u8 = 2;

/// A block of metadata with nothing in it.
pub(crate) const NO_METADATA: &[u8] = &[0, 0];

/// The body of an END that says OK, without a message.
pub(crate) const OK: &[u8] = &[0; 8];

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u64,
    pub(crate) body: Vec<u8>,
}

impl Frame {
    /// The code of an END.
    pub(crate) fn code(&self) -> u16 {
        assert_eq!(self.kind, END, "{self:?}");
        u16::from_le_bytes([self.body[0], self.body[1]])
    }
}

/// A frame's bytes.
pub(crate) fn frame(kind: u8, flags: u8, stream: u64, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_u32_le(u32::try_from(body.len()).expect("a short frame"));
    out.put_slice(&[kind, flags, 0, 0]);
    out.put_u64_le(stream);
    out.put_slice(body);
    out
}

/// A HELLO of versions, of windows for a stream and the connection.
pub(crate) fn hello(versions: (u16, u16), windows: (u32, u32)) -> Vec<u8> {
    let mut body = Vec::new();
    body.put_u16_le(versions.0);
    body.put_u16_le(versions.1);
    body.put_u64_le(0);
    for number in [64 << 20, windows.0, windows.1, 1_024] {
        body.put_u32_le(number);
    }
    body.put_u16_le(512);
    body.put_u16_le(32 << 10);
    frame(1, 0, 0, &body)
}

/// Windows as nearcall has them.
pub(crate) const WINDOWS: (u32, u32) = (256 << 10, 16 << 20);

/// A CALL of a method of the probe, with no deadline where the time is none.
pub(crate) fn call(
    stream: u64,
    method: &str,
    nanos: Option<u64>,
    message: Option<&[u8]>,
    last: bool,
) -> Vec<u8> {
    let path = format!("/testing.v1.Probe/{method}");
    let mut body = Vec::new();
    body.put_u64_le(nanos.unwrap_or(u64::MAX));
    body.put_u16_le(0xffff);
    body.put_u16_le(u16::try_from(path.len()).expect("a short path"));
    body.put_slice(path.as_bytes());
    body.put_slice(NO_METADATA);
    body.put_slice(message.unwrap_or_default());
    let flags = if message.is_some() { WITH_MESSAGE } else { 0 } | u8::from(last);
    frame(CALL, flags, stream, &body)
}

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct LanePeer {
    stream: Connection,
    read: Vec<u8>,
}

impl LanePeer {
    /// Takes a connection over, with bytes that were read from it.
    pub(crate) fn over(stream: Connection, read: Vec<u8>) -> Self {
        Self { stream, read }
    }

    /// Connects, and says nothing.
    pub(crate) async fn connect(address: &str) -> Self {
        let address: Address = address.parse().expect("an address");
        let stream = Connection::connect(&address).await;
        Self::over(stream.expect("the server"), Vec::new())
    }

    /// Connects, and greets as nearcall does.
    pub(crate) async fn greeted(address: &str) -> Self {
        Self::greeted_with(address, &hello((1, 1), WINDOWS)).await
    }

    /// Connects, and greets with a HELLO of its own.
    pub(crate) async fn greeted_with(address: &str, hello: &[u8]) -> Self {
        let mut peer = Self::connect(address).await;
        peer.send(OPENING).await;
        peer.send(hello).await;
        peer.opening().await;
        let greeting = peer.frame().await.expect("the server's HELLO");
        assert_eq!(greeting.kind, 1, "{greeting:?}");
        peer
    }

    /// Sends bytes; a peer that closed takes none.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let sent = tokio::time::timeout(PATIENCE, self.stream.write_all(bytes)).await;
        let _closed = sent.expect("the other side takes bytes, or closes");
    }

    /// Reads the other side's eight bytes.
    pub(crate) async fn opening(&mut self) {
        assert!(self.fill(OPENING.len()).await, "closed before it opened");
        assert_eq!(self.read.drain(..OPENING.len()).as_slice(), OPENING);
    }

    /// The next frame; none at the end.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        if !self.fill(16).await {
            return None;
        }
        let length = u32::from_le_bytes(self.read[..4].try_into().expect("four bytes"));
        let length = usize::try_from(length).expect("a length");
        if !self.fill(16 + length).await {
            return None;
        }
        let body = self.read[16..16 + length].to_vec();
        let stream = u64::from_le_bytes(self.read[8..16].try_into().expect("eight bytes"));
        let (kind, flags) = (self.read[4], self.read[5]);
        self.read.drain(..16 + length);
        Some(Frame {
            kind,
            flags,
            stream,
            body,
        })
    }

    /// The next frame of a kind; those before it are dropped.
    pub(crate) async fn frame_of(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.frame().await.expect("the connection goes on");
            if frame.kind == kind {
                return frame;
            }
        }
    }

    /// Reads to the end: the code and the text of the last GOAWAY, where there was one.
    pub(crate) async fn parting(&mut self) -> Option<(u16, String)> {
        let mut parting = None;
        while let Some(frame) = self.frame().await {
            if frame.kind == GOAWAY {
                let code = u16::from_le_bytes([frame.body[8], frame.body[9]]);
                let text = String::from_utf8(frame.body[12..].to_vec()).expect("UTF-8");
                parting = Some((code, text));
            }
        }
        parting
    }

    /// Whether so many bytes are there, or come; not if the other side ends before.
    async fn fill(&mut self, bytes: usize) -> bool {
        while self.read.len() < bytes {
            let read = self.stream.read_buf(&mut self.read);
            let read = tokio::time::timeout(PATIENCE, read).await;
            // A reset is as good as an end.
            match read.expect("the other side says something, or closes") {
                Ok(0) | Err(_) => return false,
                Ok(_) => {}
            }
        }
        true
    }
}

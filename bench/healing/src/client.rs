//! The client: `hyper`, whose authority is turned on the wire into one that no URI has.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;

use crate::Condition;

/// What the client is told to send, and what it sends in its place; their codings have one length.
const CLEAN: &str = "run-2Fnearcall-2Farena.sock";
const PATH: &str = "run%2Fnearcall%2Farena.sock";

/// Calls made, and the time they took.
pub struct Run {
    pub calls: u64,
    pub elapsed: Duration,
}

/// Calls for `time` on one connection, `in_flight` at once, after a few that do not count.
pub async fn calls(
    socket: &Path,
    condition: Condition,
    payload: usize,
    in_flight: usize,
    time: Duration,
) -> anyhow::Result<Run> {
    let sender = connect(socket, condition).await?;
    let body = Bytes::from(vec![7; payload]);
    for _ in 0..20 {
        call(sender.clone(), body.clone()).await?;
    }
    let start = Instant::now();
    let mut callers = Vec::new();
    for _ in 0..in_flight {
        let (sender, body) = (sender.clone(), body.clone());
        callers.push(tokio::spawn(async move {
            let mut calls = 0;
            while start.elapsed() < time {
                call(sender.clone(), body.clone()).await?;
                calls += 1;
            }
            anyhow::Ok(calls)
        }));
    }
    let mut calls = 0;
    for caller in callers {
        calls += caller.await??;
    }
    Ok(Run {
        calls,
        elapsed: start.elapsed(),
    })
}

/// So many connections one after the other, each with one call.
pub async fn connections(
    socket: &Path,
    condition: Condition,
    connections: u32,
) -> anyhow::Result<Duration> {
    let start = Instant::now();
    for _ in 0..connections {
        let sender = connect(socket, condition).await?;
        call(sender, Bytes::from_static(&[7; 16])).await?;
    }
    Ok(start.elapsed())
}

async fn connect(socket: &Path, condition: Condition) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = UnixStream::connect(socket).await?;
    let mut swap = None;
    if condition == Condition::Healed {
        swap = Some((coded(CLEAN), coded(PATH)));
    }
    let io = TokioIo::new(Swapped { stream, swap });
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn call(mut sender: SendRequest<Full<Bytes>>, body: Bytes) -> anyhow::Result<()> {
    let len = body.len();
    let request =
        Request::post(format!("http://{CLEAN}/echo.v1.Echo/Echo")).body(Full::new(body))?;
    sender.ready().await?;
    let answer = sender
        .send_request(request)
        .await?
        .into_body()
        .collect()
        .await?
        .to_bytes();
    anyhow::ensure!(
        answer.len() == len,
        "sent {len} bytes, got {} back",
        answer.len()
    );
    Ok(())
}

fn coded(authority: &str) -> Vec<u8> {
    let mut coded = Vec::new();
    // Every octet has a code.
    let _ = httlib_huffman::encode(authority.as_bytes(), &mut coded);
    coded
}

/// A connection that puts one string in place of another once, in what is written first.
struct Swapped {
    stream: UnixStream,
    swap: Option<(Vec<u8>, Vec<u8>)>,
}

impl AsyncRead for Swapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Swapped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some((from, to)) = &self.swap else {
            return Pin::new(&mut self.stream).poll_write(cx, buf);
        };
        let Some(at) = buf.windows(from.len()).position(|window| window == from) else {
            return Pin::new(&mut self.stream).poll_write(cx, buf);
        };
        let mut swapped = buf.to_vec();
        swapped[at..at + from.len()].copy_from_slice(to);
        let written = std::task::ready!(Pin::new(&mut self.stream).poll_write(cx, &swapped))?;
        assert_eq!(written, swapped.len(), "a first request is written at once");
        self.swap = None;
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.swap.is_some() {
            let first = bufs
                .iter()
                .find(|buf| !buf.is_empty())
                .map_or(&[][..], |buf| buf);
            return self.poll_write(cx, first);
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

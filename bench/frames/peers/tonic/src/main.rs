//! tonic's own server and channel on a Unix socket, a message for each frame. By default nothing is set but the greatest
//! length of a message, without which none would come; `--variant tuned` sets what makes large messages faster.

#![cfg(target_os = "linux")]

use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex};
use std::thread;

use frames_contract::{ALONE, Peer, Reads, Result, Role, Writes};
use hyper_util::rt::TokioIo;
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::{ReceiverStream, UnixListenerStream};
use tonic::transport::{Endpoint, Server};
use tonic::{Request, Response, Status};

mod proto {
    tonic::include_proto!("bench.v1");
}

use proto::frames_client::FramesClient;
use proto::frames_server::{Frames, FramesServer};
use proto::{Frame, SubscribeRequest};

/// Room for what a message has beside its bytes.
const REST: usize = 1024;

const WINDOW_BYTES: u32 = 64 << 20;
/// The most that HTTP/2 has: 2^24 - 1.
const HTTP2_FRAME_BYTES: u32 = (1 << 24) - 1;
const SEND_BUFFER_BYTES: usize = 4 << 20;

type Down = mpsc::Sender<std::result::Result<Frame, Status>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let peer = Peer::from_args()?;
    let tuned = peer.variant == "tuned";
    match peer.role {
        Role::Writer(writes) => serve(writes, &peer.address, peer.payload, tuned).await,
        Role::Reader(reads) => read(reads, &peer.address, peer.payload, tuned).await,
        Role::Alone(..) => Err(ALONE.into()),
    }
}

/// The one reader's stream, once it is there.
#[derive(Clone, Default)]
struct Subscribed(Arc<Mutex<Option<Down>>>);

#[tonic::async_trait]
impl Frames for Subscribed {
    type SubscribeStream = ReceiverStream<std::result::Result<Frame, Status>>;

    async fn subscribe(
        &self,
        _: Request<SubscribeRequest>,
    ) -> std::result::Result<Response<Self::SubscribeStream>, Status> {
        let (down, frames) = mpsc::channel(1);
        let mut subscribed = self.0.lock().map_err(|_| Status::internal("a panic"))?;
        *subscribed = Some(down);
        Ok(Response::new(ReceiverStream::new(frames)))
    }
}

async fn serve(writes: Writes, address: &str, payload: usize, tuned: bool) -> Result<()> {
    let subscribed = Subscribed::default();
    let incoming = UnixListenerStream::new(UnixListener::bind(address)?).map(move |stream| {
        let stream = stream?;
        if tuned {
            set_socket_send_buffer_size(stream.as_fd(), SEND_BUFFER_BYTES)?;
        }
        std::io::Result::Ok(stream)
    });
    let mut server = Server::builder();
    if tuned {
        server = server
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .max_frame_size(HTTP2_FRAME_BYTES);
    }
    let service = FramesServer::new(subscribed.clone()).max_encoding_message_size(payload + REST);
    let serving = server.add_service(service).serve_with_incoming(incoming);
    frames_contract::listening()?;
    let (end, ended) = tokio::sync::oneshot::channel();
    // It draws on a thread of its own, as nearcall's writer does.
    thread::spawn(move || end.send(write(writes, &subscribed, payload)));
    tokio::select! {
        served = serving => Ok(served?),
        written = ended => written?,
    }
}

fn write(writes: Writes, subscribed: &Subscribed, payload: usize) -> Result<()> {
    let mut down = None;
    writes.run(|frame| {
        if down.is_none() {
            down = subscribed.0.lock().map_err(|_| "a panic")?.take();
        }
        let down = down.as_ref().ok_or("no reader is there")?;
        let mut bytes = vec![0; payload];
        frame.draw(&mut bytes);
        Ok(down.blocking_send(Ok(Frame { payload: bytes }))?)
    })
}

async fn read(mut reads: Reads, address: &str, payload: usize, tuned: bool) -> Result<()> {
    let address = address.to_owned();
    let connector = tower::service_fn(move |_| {
        let address = address.clone();
        async move { UnixStream::connect(address).await.map(TokioIo::new) }
    });
    let mut endpoint = Endpoint::from_static("http://localhost");
    if tuned {
        endpoint = endpoint
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .max_frame_size(HTTP2_FRAME_BYTES);
    }
    let channel = endpoint.connect_with_connector(connector).await?;
    let mut client = FramesClient::new(channel).max_decoding_message_size(payload + REST);
    let mut frames = client.subscribe(SubscribeRequest {}).await?.into_inner();
    reads.ready()?;
    loop {
        let frame = frames.message().await?.ok_or("the stream ended")?;
        if !reads.take(&frame.payload)? {
            return reads.end();
        }
    }
}

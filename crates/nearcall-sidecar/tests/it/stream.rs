//! The stream as another language speaks it: credit, frames let go of, another policy, and misuse.

use nearcall_frames::broker::Message;
use nearcall_proto::frames::v1 as wire;
use nearcall_rpc::Channel;
use nearcall_sidecar::Reason;
use nearcall_sys::packet::{self, Socket};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Code, Status, Streaming};
use wire::frames_client::FramesClient;
use wire::subscribe_request::Request;
use wire::subscribe_response::Event;

use super::served::{LONG, NAME, Served};

struct Spoken {
    up: mpsc::UnboundedSender<wire::SubscribeRequest>,
    down: Streaming<wire::SubscribeResponse>,
    _client: FramesClient<Channel>,
}

impl Spoken {
    async fn begin(served: &Served, tier: wire::Tier, pins: u32, credit: u32) -> Self {
        let mut client = served.client().await;
        let request = wire::OpenRequest {
            channel: NAME.to_owned(),
            tiers: vec![tier.into()],
            pins,
            inline_below: Some(0),
            ..wire::OpenRequest::default()
        };
        let ticket = client.open(request).await.unwrap().into_inner().ticket;
        let (up, requests) = mpsc::unbounded_channel();
        let requests = UnboundedReceiverStream::new(requests);
        let start = Request::Start(wire::Start { ticket, credit });
        let request = Some(start);
        up.send(wire::SubscribeRequest { request }).unwrap();
        let down = client.subscribe(requests).await.unwrap().into_inner();
        let _client = client;
        Self { up, down, _client }
    }

    fn say(&self, request: Request) {
        let request = Some(request);
        self.up.send(wire::SubscribeRequest { request }).unwrap();
    }

    async fn hear(&mut self) -> Result<Option<Event>, Status> {
        let said = tokio::time::timeout(LONG, self.down.message()).await;
        let said = said.expect("the server says something")?;
        Ok(said.and_then(|said| said.event))
    }

    async fn frame(&mut self) -> wire::Frame {
        match self.hear().await.unwrap() {
            Some(Event::Frame(frame)) => frame,
            other => panic!("expected a frame, found {other:?}"),
        }
    }
}

/// A socket that has claimed its memory and lives on.
pub(crate) async fn claimed(served: &Served) -> Socket {
    let mut client = served.client().await;
    let request = wire::OpenRequest {
        channel: NAME.to_owned(),
        tiers: vec![wire::Tier::Broker.into()],
        pins: 1,
        inline_below: Some(0),
        ..wire::OpenRequest::default()
    };
    let opened = client.open(request).await.unwrap().into_inner();
    let socket = packet::connect(opened.broker_path.as_ref()).unwrap();
    let ticket = opened.ticket.try_into().unwrap();
    socket
        .send(&Message::Claim { ticket }.bytes(), &[])
        .unwrap();
    tokio::task::spawn_blocking(move || {
        assert!(socket.wait(LONG).unwrap());
        assert!(socket.receive(&mut [0; 64], 2).is_ok());
        socket
    })
    .await
    .unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn frames_come_as_credit_allows_and_pins_are_held_until_let_go() {
    let mut served = Served::start().await;
    let mut spoken = Spoken::begin(&served, wire::Tier::Proc, 2, 1).await;
    served.publish();
    let first = spoken.frame().await;
    let Some(wire::bulk::Content::Frame(reference)) = first.body.unwrap().content else {
        panic!("expected a reference");
    };
    assert_eq!(reference.seq, 1);
    let path = reference.region.as_ref().unwrap().path.clone();
    // Any language can read by position under the lease.
    let bytes = std::fs::File::open(path).map(|file| {
        use std::os::unix::fs::FileExt as _;
        let mut bytes = vec![0; usize::try_from(reference.length).unwrap()];
        file.read_exact_at(&mut bytes, reference.offset).unwrap();
        bytes
    });
    assert!(bytes.unwrap() == super::served::payload(1, super::served::BYTES));
    // No credit: nothing comes, and what comes with credit is the newest by then.
    served.publish();
    served.publish();
    spoken.say(Request::Credit(wire::Credit { frames: 9 }));
    assert_eq!(spoken.frame().await.info.unwrap().seq, 3);
    let pins = |stats: wire::StatsResponse| stats.subscriptions[0].pins;
    assert_eq!(pins(served.stats().await), 2);
    served.publish();
    spoken.say(Request::Release(wire::LetGo { seq: 1 }));
    assert_eq!(spoken.frame().await.info.unwrap().seq, 4);
    spoken.say(Request::Release(wire::LetGo { seq: 3 }));
    spoken.say(Request::Release(wire::LetGo { seq: 77 }));
    served.publish();
    assert_eq!(spoken.frame().await.info.unwrap().seq, 5);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_policy_can_change_on_the_way() {
    let mut served = Served::start().await;
    let mut spoken = Spoken::begin(&served, wire::Tier::Proc, 4, 16).await;
    served.publish();
    assert_eq!(spoken.frame().await.info.unwrap().seq, 1);
    let kind = |kind| Request::Policy(wire::Policy { kind: Some(kind) });
    spoken.say(kind(wire::policy::Kind::Sample(wire::Sample { hz: 7 })));
    let stands = async {
        loop {
            let stats = served.stats().await;
            let policy = stats.subscriptions[0].policy.unwrap();
            if let Some(wire::policy::Kind::Sample(sample)) = policy.kind {
                return sample.hz;
            }
        }
    };
    assert_eq!(tokio::time::timeout(LONG, stands).await.unwrap(), 7);
    spoken.say(kind(wire::policy::Kind::Sample(wire::Sample { hz: 0 })));
    let status = spoken.hear().await.unwrap_err();
    assert_eq!(Reason::of(&status), Some(Reason::PolicyRefused));
    served.wait_for_readers(0).await;
}

#[tokio::test]
async fn misuse_is_answered_in_words() {
    let served = Served::start().await;
    let mut spoken = Spoken::begin(&served, wire::Tier::Inline, 1, 1).await;
    spoken.say(Request::Start(wire::Start::default()));
    let status = spoken.hear().await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(Reason::of(&status), Some(Reason::StreamMisused));
    let mut client = served.client().await;
    let nothing = tokio_stream::once(wire::SubscribeRequest { request: None });
    let status = client.subscribe(nothing).await.unwrap_err();
    assert_eq!(Reason::of(&status), Some(Reason::StreamMisused));
    served.wait_for_readers(0).await;
}

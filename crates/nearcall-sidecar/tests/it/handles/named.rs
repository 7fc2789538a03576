//! Frames where no handles can be put into a process: the same, by names.

use std::process::Command;
use std::sync::{Arc, Mutex};

use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_server::{self, FramesServer};
use nearcall_rpc::{Channel, Server};
use nearcall_sidecar::{OpenError, Options, Tier, UploadError, UploadOptions};
use nearcall_sys::event::{Event, Kind};
use nearcall_sys::memory::make_named_region;
use nearcall_sys::name::{Name, Use};
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::{BYTES, HIDES, NAME, address, geometry, hides};

/// Fewer than there are would mean that the tests were not found.
const TESTS_MIN: usize = 45;

#[test]
fn the_whole_suite_by_names() {
    if hides() {
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        // It plays a server by handles that it puts into this process.
        .args(["--skip", "lender::"])
        .env(HIDES, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    let passed = text.lines().filter(|line| line.ends_with("... ok")).count();
    assert!(passed >= TESTS_MIN, "{passed} tests:\n{text}");
}

/// What a server is asked for: the tiers, and the ticket given back.
type Asked = (Vec<i32>, Vec<u8>);

/// A server whose names are not what they should be.
#[derive(Clone)]
struct Liar {
    names: wire::Names,
    asked: Arc<Mutex<Vec<Asked>>>,
}

type Answer<T> = Result<Response<T>, Status>;

impl Liar {
    fn asked(&self, tiers: Vec<i32>, instead_of: Vec<u8>) -> Result<i32, Status> {
        let tier = wire::Tier::Handle.into();
        let can = tiers.contains(&tier);
        self.asked.lock().unwrap().push((tiers, instead_of));
        can.then_some(tier)
            .ok_or_else(|| Status::unavailable("there is no other way"))
    }
}

#[async_trait]
impl frames_server::Frames for Liar {
    async fn open(&self, request: Request<wire::OpenRequest>) -> Answer<wire::OpenResponse> {
        let request = request.into_inner();
        let tier = self.asked(request.tiers, request.instead_of)?;
        let geometry = geometry();
        Ok(Response::new(wire::OpenResponse {
            tier,
            region: Some(wire::Region {
                epoch: 7,
                channel: 1,
                region: 1,
                geometry: Some(wire::Geometry {
                    slots: geometry.slots(),
                    payload_bytes: BYTES as u64,
                    history: geometry.history(),
                    region_bytes: geometry.region_bytes() as u64,
                }),
                path: String::new(),
            }),
            subscription: 1,
            ticket: vec![1; 16],
            pins: 2,
            first: 1,
            names: Some(self.names.clone()),
            ..wire::OpenResponse::default()
        }))
    }

    async fn open_upload(
        &self,
        request: Request<wire::OpenUploadRequest>,
    ) -> Answer<wire::OpenUploadResponse> {
        let request = request.into_inner();
        let tier = self.asked(request.tiers, request.instead_of)?;
        Ok(Response::new(wire::OpenUploadResponse {
            tier,
            upload: vec![1; 16],
            bytes: request.bytes,
            name: self.names.page.clone(),
            ..wire::OpenUploadResponse::default()
        }))
    }

    type SubscribeStream = tokio_stream::Empty<Result<wire::SubscribeResponse, Status>>;

    async fn subscribe(
        &self,
        _request: Request<Streaming<wire::SubscribeRequest>>,
    ) -> Answer<Self::SubscribeStream> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn list(&self, _request: Request<wire::ListRequest>) -> Answer<wire::ListResponse> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn acquire_latest(
        &self,
        _request: Request<wire::AcquireLatestRequest>,
    ) -> Answer<wire::AcquireLatestResponse> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn release(
        &self,
        _request: Request<wire::ReleaseRequest>,
    ) -> Answer<wire::ReleaseResponse> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn lend(&self, _request: Request<wire::LendRequest>) -> Answer<wire::LendResponse> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn set_policy(
        &self,
        _request: Request<wire::SetPolicyRequest>,
    ) -> Answer<wire::SetPolicyResponse> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn stats(&self, _request: Request<wire::StatsRequest>) -> Answer<wire::StatsResponse> {
        Err(Status::unimplemented("not asked for"))
    }
}

#[tokio::test]
async fn names_that_lead_to_no_memory_are_given_back() {
    let (section, event) = (Name::random().unwrap(), Name::random().unwrap());
    let (_small, _section) = make_named_region(&section, 4_096).unwrap();
    let _event = Event::named(&event, Kind::Stays, Use::Set).unwrap();
    let texts = [
        "..\\..\\KnownDlls\\ntdll.dll".to_owned(),
        "a".repeat(300),
        Name::random().unwrap().to_string(),
        section.to_string(),
        event.to_string(),
    ];
    for text in texts {
        let liar = Liar {
            names: wire::Names {
                region: text.clone(),
                page: text.clone(),
                ring: text.clone(),
                evicted: text.clone(),
                left: event.to_string(),
                taken: text.clone(),
                server: std::process::id(),
            },
            asked: Arc::default(),
        };
        let address = address();
        let server = Server::new(&address).add_service(FramesServer::new(liar.clone()));
        let bound = server.bind().await.unwrap();
        let task = tokio::spawn(async { drop(bound.serve().await) });
        let channel = Channel::connect(address).await.unwrap();
        let options = Options {
            tiers: vec![Tier::Handle],
            ..Options::default()
        };
        let opened = options.open(&channel, NAME).await;
        assert!(matches!(opened, Err(OpenError::Refused(_))), "{opened:?}");
        let options = UploadOptions {
            tiers: vec![Tier::Handle],
            ..UploadOptions::default()
        };
        let opened = options.open(&channel, BYTES).await;
        let opened = opened.map(|upload| upload.tier());
        assert!(matches!(opened, Err(UploadError::Refused(_))), "{opened:?}");
        let asked = std::mem::take(&mut *liar.asked.lock().unwrap());
        let (first, again) = (vec![wire::Tier::Handle.into()], vec![1; 16]);
        let once = [(first, Vec::new()), (Vec::new(), again)];
        assert_eq!(asked, [once.clone(), once].concat(), "{text}");
        task.abort();
    }
}

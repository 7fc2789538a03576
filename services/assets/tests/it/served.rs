//! A server of assets, and what a client makes of its events.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nearcall::frames::{Bulk, Tier, take};
use nearcall::{Channel, Status};
use proto::assets_client::AssetsClient;
use proto::load_response::Event;
use proto::{Failed, Finished, Have, LoadRequest, Progress};
use tempfile::TempDir;

pub(crate) mod proto {
    nearcall::include_proto!("assets.v1");
}

/// Far longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Served {
    pub(crate) place: TempDir,
    pub(crate) root: PathBuf,
    process: Child,
}

/// What came of a load.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) assets: BTreeMap<String, (Finished, Bulk)>,
    pub(crate) failed: BTreeMap<String, Failed>,
    pub(crate) skipped: Vec<String>,
    pub(crate) progress: Vec<Progress>,
}

impl Served {
    /// Serves a copy of the samples.
    pub(crate) fn start(words: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("root");
        copy(&samples(), &root);
        Self::start_at(place, words)
    }

    pub(crate) fn start_at(place: TempDir, words: &[&str]) -> Self {
        let root = place.path().join("root");
        let process = spawn(&place, &root, words);
        Self {
            place,
            root,
            process,
        }
    }

    pub(crate) fn address(&self) -> String {
        address(&self.place)
    }

    pub(crate) async fn channel(&self) -> Channel {
        let address = self.address();
        let look = async {
            loop {
                if let Ok(channel) = nearcall::connect(&address).await {
                    let mut client = AssetsClient::new(channel.clone());
                    let folder = String::new();
                    if client.list(proto::ListRequest { folder }).await.is_ok() {
                        return channel;
                    }
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let served = tokio::time::timeout(LONG, look).await;
        served.expect("the server comes up")
    }

    pub(crate) async fn client(&self) -> AssetsClient<Channel> {
        AssetsClient::new(self.channel().await)
    }

    /// At once, without a word.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) fn start_again(&mut self) {
        self.process = spawn(&self.place, &self.root, &[]);
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }
}

/// What `/proc` says of the server.
#[cfg(target_os = "linux")]
impl Served {
    /// How many descriptors of shared memory the server holds.
    pub(crate) fn shared_memory(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.process.id());
        let entries = std::fs::read_dir(folder).unwrap();
        let links = entries.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
        let is_ours = |link: &PathBuf| link.to_string_lossy().contains("memfd:nearcall-");
        links.filter(is_ours).count()
    }

    /// How many mappings of shared memory the server has.
    pub(crate) fn mapped_memory(&self) -> usize {
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", self.process.id())).unwrap();
        maps.matches("memfd:nearcall-").count()
    }

    /// Waits until the server has no shared memory any more.
    pub(crate) async fn wait_for_no_memory(&self) {
        let gone = async {
            while self.shared_memory() + self.mapped_memory() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let gone = tokio::time::timeout(LONG, gone).await;
        assert!(gone.is_ok(), "the server keeps memory");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn address(place: &TempDir) -> String {
    nearcall_testkit::local_address(place.path(), "assets.sock")
}

fn spawn(place: &TempDir, root: &Path, words: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_assets"))
        .arg(address(place))
        .arg("--root")
        .arg(root)
        .args(words)
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

pub(crate) fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

pub(crate) fn all(can_map: bool) -> LoadRequest {
    LoadRequest {
        can_map,
        ..LoadRequest::default()
    }
}

/// Loads to the end, or until an event is the last that is wanted.
pub(crate) async fn load(
    channel: &Channel,
    request: LoadRequest,
    into: &mut Loaded,
    mut is_last: impl FnMut(&Loaded) -> bool,
) -> Result<(), Status> {
    let mut client = AssetsClient::new(channel.clone());
    let mut events = client.load(request).await?.into_inner();
    let mut begun: Option<(Finished, Vec<u8>)> = None;
    while let Some(message) = events.message().await? {
        match message.event.expect("an event says what happened") {
            Event::Progress(progress) => into.progress.push(progress),
            Event::Failed(failed) => {
                into.failed.insert(failed.path.clone(), failed);
            }
            Event::Skipped(skipped) => into.skipped.push(skipped.path),
            Event::Finished(finished) => {
                let body = finished.body.clone().unwrap();
                let bulk = take(channel, body).await.expect("what came can be had");
                if bulk.tier() == Tier::Inline {
                    begun = Some((finished, bulk.to_vec()));
                } else {
                    into.assets.insert(finished.path.clone(), (finished, bulk));
                }
            }
            Event::Chunk(chunk) => {
                let (_, bytes) = begun.as_mut().expect("a chunk belongs to an asset");
                bytes.extend(chunk.bytes);
            }
        }
        let whole = |(finished, bytes): &mut (Finished, Vec<u8>)| {
            assert!(bytes.len() as u64 <= finished.length, "{}", finished.path);
            bytes.len() as u64 == finished.length
        };
        if let Some((finished, bytes)) = begun.take_if(whole) {
            let path = finished.path.clone();
            into.assets.insert(path, (finished, Bulk::from(bytes)));
        }
        if is_last(into) {
            return Ok(());
        }
    }
    assert!(begun.is_none(), "an asset ends");
    Ok(())
}

impl Loaded {
    pub(crate) async fn all(channel: &Channel, request: LoadRequest) -> Self {
        let mut loaded = Self::default();
        load(channel, request, &mut loaded, |_| false)
            .await
            .unwrap();
        loaded
    }

    pub(crate) fn have(&self) -> Vec<Have> {
        let assets = self.assets.values();
        let have = assets.map(|(finished, _)| Have {
            path: finished.path.clone(),
            hash: finished.hash.clone(),
        });
        have.collect()
    }
}

//! The serving side: channels by name, those who write them, and the service that opens them.

mod bell;
mod bulks;
mod caller;
mod channel;
mod expiry;
mod feed;
mod grant;
mod leases;
mod pieces;
mod region;
mod service;
mod shelf;
mod tickets;
mod uploads;
mod way;
mod writer;

// What differs between systems, by ability: of each there is one here, under the same names.
#[cfg(unix)]
mod broker;
#[cfg(target_os = "linux")]
mod files;
#[cfg(windows)]
mod handed;
#[cfg(windows)]
mod handles;
#[cfg(not(target_os = "linux"))]
mod no_files;
#[cfg(not(target_os = "linux"))]
mod no_paths;
#[cfg(target_os = "linux")]
mod paths;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nearcall_frames::{Geometry, SetUpError};
use nearcall_proto::frames::v1::frames_server::FramesServer;
use nearcall_sys::memory::{MakeError, OpenError};

pub use bulks::Bulks;
#[cfg(target_os = "linux")]
pub use files::FilesError;
pub use service::Service;
pub use writer::{Loan, Writer};

#[cfg(unix)]
use broker as handing;
#[cfg(target_os = "linux")]
use files as filing;
#[cfg(windows)]
use handles as handing;
#[cfg(not(target_os = "linux"))]
use no_files as filing;
#[cfg(not(target_os = "linux"))]
use no_paths as lending;
#[cfg(target_os = "linux")]
use paths as lending;

use crate::limits::{CHANNEL_NAME_MAX, CHANNELS_MAX};
use crate::status::Refused;
use caller::Caller;
use channel::Channel;
use filing::Filing;
use handing::Handing;
use leases::Leases;
use shelf::Shelf;
use tickets::Tickets;
use uploads::Uploads;

/// Why there is no channel to write.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// The name is none.
    #[error(
        "expected a name such as render.main, letters a to z, digits, `-` and `.`, {CHANNEL_NAME_MAX} at most, with a letter first, found {name:?}"
    )]
    Name {
        /// What was asked for.
        name: String,
    },
    /// There is one already.
    #[error("there is a channel {name} already; drop its writer first, or choose another name")]
    Taken {
        /// What was asked for.
        name: String,
    },
    /// There are as many as there may be.
    #[error("expected {CHANNELS_MAX} channels at most; drop the writer of one first")]
    TooMany,
    /// The system gives no memory.
    #[error("no memory for the frames could be had")]
    Make(#[from] MakeError),
    /// The memory cannot be read by this process.
    #[error("the memory for the frames cannot be read")]
    Open(#[from] OpenError),
    /// The memory is not as it was asked for.
    #[error("the memory for the frames cannot be used")]
    SetUp(#[from] SetUpError),
}

/// The frame channels of a server. Clones are the same; channels may come and go while it serves.
///
/// ```no_run
/// use nearcall_frames::{Details, Geometry};
/// use nearcall_sidecar::Frames;
///
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// let frames = Frames::new();
/// let mut main = frames.channel("render.main", Geometry::new(8, 1 << 20, 1)?)?;
/// std::thread::spawn(move || {
///     let _ = main.copy(b"a frame", &Details::default());
/// });
/// nearcall_rpc::Server::new("render").add_service(frames.service()).serve().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Frames {
    shared: Arc<Shared>,
}

/// What the clones share.
#[derive(Debug)]
pub(crate) struct Shared {
    epoch: u64,
    /// Whether other processes of this user are kept out of this one's memory.
    sealed: bool,
    channels: Mutex<Channels>,
    tickets: Tickets,
    handing: Handing,
    leases: Leases,
    bulk: Shelf,
    uploads: Uploads,
    filing: Filing,
}

#[derive(Debug, Default)]
struct Channels {
    by_name: BTreeMap<String, Arc<Channel>>,
    made: u64,
}

impl Default for Frames {
    fn default() -> Self {
        Self::new()
    }
}

impl Frames {
    /// No channels yet.
    #[must_use]
    pub fn new() -> Self {
        Self::with(false)
    }

    fn with(sealed: bool) -> Self {
        Self {
            shared: Arc::new(Shared {
                epoch: epoch(),
                sealed,
                channels: Mutex::default(),
                tickets: Tickets::default(),
                handing: Handing::default(),
                leases: Leases::default(),
                bulk: Shelf::default(),
                uploads: Uploads::default(),
                filing: Filing::default(),
            }),
        }
    }

    /// Makes a channel, and answers who writes it. It ends when that is dropped.
    ///
    /// # Errors
    ///
    /// The name is none or taken, there are too many channels, or there is no memory.
    pub fn channel(
        &self,
        name: impl Into<String>,
        geometry: Geometry,
    ) -> Result<Writer, ChannelError> {
        let name = name.into();
        if !is_name(&name) {
            return Err(ChannelError::Name { name });
        }
        let mut channels = self.shared.channels();
        if channels.by_name.contains_key(&name) {
            return Err(ChannelError::Taken { name });
        }
        if channels.by_name.len() >= CHANNELS_MAX {
            return Err(ChannelError::TooMany);
        }
        let number = channels.made + 1;
        let channel = Arc::new(Channel::new(
            name.clone(),
            self.shared.epoch,
            number,
            geometry,
        )?);
        channels.made = number;
        channels.by_name.insert(name, Arc::clone(&channel));
        Ok(Writer::new(Arc::clone(&self.shared), channel))
    }

    /// What a service of the same server gives to, and takes from, the caller of `request` as bulk data.
    #[must_use]
    pub fn bulks<T>(&self, request: &tonic::Request<T>) -> Bulks {
        Bulks::new(Arc::clone(&self.shared), Caller::of(request))
    }

    /// What a server adds, so that its clients find the channels.
    #[must_use]
    pub fn service(&self) -> FramesServer<Service> {
        FramesServer::new(Service::new(Arc::clone(&self.shared)))
    }

    /// The number that this start of the server has; another each time.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.shared.epoch
    }
}

impl Shared {
    fn channels(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, name: &str) -> Result<Arc<Channel>, Refused> {
        let channels = self.channels();
        let found = channels.by_name.get(name).map(Arc::clone);
        found.ok_or_else(|| Refused::Unknown {
            // What a stranger sends is not repeated at length.
            name: name.chars().take(CHANNEL_NAME_MAX).collect(),
            known: match channels.by_name.len() {
                0 => "none".to_owned(),
                _ => channels
                    .by_name
                    .keys()
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(", "),
            },
        })
    }

    /// Whether a caller may open what this process has: it is of the same user, on this machine.
    fn is_open_to(&self, caller: &Caller) -> bool {
        !self.sealed && caller.is_this_user()
    }

    fn all(&self) -> Vec<Arc<Channel>> {
        self.channels().by_name.values().map(Arc::clone).collect()
    }

    /// Forgets a channel that ended.
    fn forget(&self, channel: &Channel) {
        self.channels().by_name.remove(channel.name());
    }
}

fn is_name(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let first = name.bytes().next();
    name.len() <= CHANNEL_NAME_MAX
        && first.is_some_and(|byte| byte.is_ascii_lowercase())
        && name.bytes().all(allowed)
}

/// Random, so that no two starts share one; never 0, which asks for any epoch.
fn epoch() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness the clock has to do: the epoch tells starts apart, and keeps no secret.
    if getrandom::fill(&mut bytes).is_err() {
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
        bytes.copy_from_slice(
            &since
                .map_or(1, |since| since.as_nanos() as u64)
                .to_le_bytes(),
        );
    }
    u64::from_le_bytes(bytes).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_held_to_their_letters() {
        let check = |name: &str, expected| assert_eq!(is_name(name), expected, "{name:?}");
        check("render.main", true);
        check("a", true);
        check(&"a".repeat(CHANNEL_NAME_MAX), true);
        check(&"a".repeat(CHANNEL_NAME_MAX + 1), false);
        for name in ["", ".a", "1a", "A", "a b", "a/b", "ä"] {
            check(name, false);
        }
    }
}

//! The reading side: frames by a channel's name, whichever way they come.

mod attached;
mod bulk;
mod frame;
mod opening;
mod reading;
mod reattach;
mod streamed;
mod upload;

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

use nearcall_frames::{Gap, Policy};
use nearcall_rpc::Channel;
use tonic::Status;

pub use bulk::{Bulk, BulkError, take};
pub use frame::Frame;
pub use opening::OpenError;
pub use upload::{Upload, UploadError, UploadOptions, upload};

#[cfg(unix)]
use broker as handing;
#[cfg(target_os = "linux")]
use files as filing;
#[cfg(windows)]
use handles as handing;
#[cfg(not(target_os = "linux"))]
use no_files as filing;
#[cfg(not(target_os = "linux"))]
use no_paths as borrowing;
#[cfg(target_os = "linux")]
use paths as borrowing;

use crate::limits::{INLINE_BELOW, PINS};
use crate::status::Reason;
use crate::tier::Tier;
use attached::Attached;
use opening::{Opened, Ours};
use reattach::Reattach;
use streamed::Streamed;

/// Opens a channel of frames by its name, such as `render.main`: the newest frame each time, in shared memory if that can
/// be.
///
/// ```no_run
/// # async fn look() -> Result<(), Box<dyn std::error::Error>> {
/// let channel = nearcall_rpc::Channel::connect("render").await?;
/// let mut frames = nearcall_sidecar::open(&channel, "render.main").await?;
/// while let Some(frame) = frames.next().await? {
///     println!("frame {} has {} bytes", frame.seq(), frame.bytes().len());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// There is no such channel, it takes no more readers, or the server cannot be reached.
pub async fn open(channel: &Channel, name: impl Into<String>) -> Result<FrameStream, OpenError> {
    Options::default().open(channel, name).await
}

/// What a reader wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Which frames come. Default: [`Policy::Latest`].
    pub policy: Policy,
    /// How many frames are held at once, 1 to 16. Default: [`PINS`]: one to look at while the next one comes.
    pub pins: u32,
    /// The ways that frames may come; inline always may. Default: [`Tier::USUAL`].
    pub tiers: Vec<Tier>,
    /// Channels whose frames have fewer bytes than this come inline. Default: [`INLINE_BELOW`].
    pub inline_below: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            policy: Policy::Latest,
            pins: PINS,
            tiers: Tier::USUAL.to_vec(),
            inline_below: INLINE_BELOW,
        }
    }
}

impl Options {
    /// Opens a channel of frames so.
    ///
    /// # Errors
    ///
    /// As [`open`].
    pub async fn open(
        self,
        channel: &Channel,
        name: impl Into<String>,
    ) -> Result<FrameStream, OpenError> {
        let how = How {
            channel: channel.clone(),
            name: name.into(),
            options: self,
        };
        let Opened {
            source,
            epoch,
            ours,
        } = how.open().await?;
        Ok(FrameStream {
            how,
            epoch,
            ours,
            source: Some(source),
            reattach: Reattach::default(),
            lost: 0,
        })
    }
}

/// All that is needed to open a channel again.
#[derive(Debug)]
struct How {
    channel: Channel,
    name: String,
    options: Options,
}

/// The frames of one channel. Where the server is gone or starts anew, it attaches again by itself.
#[derive(Debug)]
pub struct FrameStream {
    how: How,
    epoch: u64,
    ours: Ours,
    source: Option<Source>,
    reattach: Reattach,
    lost: u64,
}

/// Where frames come from.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each stream of frames, and it stays where it is"
)]
enum Source {
    Attached(Attached),
    Streamed(Streamed),
}

/// What came.
#[expect(
    clippy::large_enum_variant,
    reason = "a frame is what nearly always comes, and a box would be an allocation for each"
)]
enum Came {
    Frame(Frame),
    Gap(Gap),
    /// The writer ended the channel.
    Closed,
    /// Another region took its place, or the server is gone: open the channel again.
    Lost,
}

/// What [`FrameStream::try_next`] found.
#[derive(Debug)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "a frame is what it is called for, and a box would be an allocation for each"
)]
pub enum Now {
    /// A frame.
    Frame(Frame),
    /// Nothing yet.
    Nothing,
    /// The writer ended the channel.
    Closed,
    /// There is no memory to look at: frames come over a connection, or the channel is to be opened again.
    /// [`FrameStream::next`] does either.
    Elsewhere,
}

/// Why no frame comes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NextError {
    /// As many frames are held as may be. Drop one, then go on.
    #[error(
        "all {granted} frames that may be held at once are held; drop one first, or ask for more pins"
    )]
    AllHeld {
        /// How many were granted.
        granted: u32,
    },
    /// The subscription lagged, and its policy asks that it ends then.
    #[error(
        "the subscription lagged behind the writer and was ended, as its policy asks; open the channel again"
    )]
    Evicted,
    /// What the server says cannot be.
    #[error("expected {expected} from the server; it is broken, or of another version")]
    Broken {
        /// What was expected.
        expected: &'static str,
    },
    /// The reader could not go on.
    #[error("reading the shared memory failed")]
    Read(#[from] nearcall_frames::NextError),
    /// The system cannot read the server's file.
    #[error("reading the server's file of frames failed")]
    File(#[source] std::io::Error),
    /// The server ended the stream with a status.
    #[error("the server ended the frames: {0}")]
    Ended(Status),
    /// The server is gone, and the channel could not be opened again.
    #[error("the server was gone, and the channel could not be opened again")]
    Gone(#[source] OpenError),
}

impl FrameStream {
    /// The next frame by the policy, when it is there; none when the writer has ended the channel. It may be dropped and
    /// asked for again, and nothing is lost.
    ///
    /// The trap: a frame that is kept holds one of the pins. Who keeps all of them gets [`NextError::AllHeld`], at once.
    ///
    /// # Errors
    ///
    /// See [`NextError`]; after [`NextError::AllHeld`] it goes on.
    pub async fn next(&mut self) -> Result<Option<Frame>, NextError> {
        loop {
            let came = match &mut self.source {
                Some(Source::Attached(attached)) => attached.next().await?,
                Some(Source::Streamed(streamed)) => streamed.next().await?,
                None => {
                    let opened = self.reattach.open(&self.how).await;
                    let Opened {
                        source,
                        epoch,
                        ours,
                    } = opened.map_err(NextError::Gone)?;
                    (self.epoch, self.ours, self.source) = (epoch, ours, Some(source));
                    continue;
                }
            };
            match came {
                Came::Frame(frame) => {
                    let lost = std::mem::take(&mut self.lost);
                    return Ok(Some(frame.after_losing(lost)));
                }
                Came::Gap(gap) => self.lost += gap.last.saturating_sub(gap.first) + 1,
                Came::Closed => return Ok(None),
                Came::Lost => self.source = None,
            }
        }
    }

    /// Asks for other frames from here on, without opening the channel again. Frames that are on their way still come by
    /// the policy before. Wait for it: given up half-way, it may have been agreed to or not.
    ///
    /// # Errors
    ///
    /// The channel cannot keep the policy, or the server cannot be reached; frames go on as they were.
    pub async fn set_policy(&mut self, policy: Policy) -> Result<(), OpenError> {
        if let Some(source) = &mut self.source {
            match self.how.ask_policy(&self.ours, policy).await {
                Ok(agreed) => source.set_policy(agreed),
                // The subscription is over, which `next` is about to find: the channel is opened again, and so.
                Err(status) if is_over(&status) => {}
                Err(status) => return Err(OpenError::Refused(status)),
            }
        }
        self.how.options.policy = policy;
        Ok(())
    }

    /// Which frames were asked for last.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.how.options.policy
    }

    /// What is there at this moment: it never waits, and needs no runtime. Made for the loop of a game, between whose
    /// turns nobody has to be woken.
    ///
    /// The trap: only memory can be looked at so. Whatever comes over a connection, a new attachment included, comes to
    /// who awaits [`Self::next`], and [`Now::Elsewhere`] says that this is to be done.
    ///
    /// # Errors
    ///
    /// As [`Self::next`], but for what reattaching may fail by.
    pub fn try_next(&mut self) -> Result<Now, NextError> {
        loop {
            let Some(Source::Attached(attached)) = &mut self.source else {
                return Ok(Now::Elsewhere);
            };
            match attached.try_next()? {
                None => return Ok(Now::Nothing),
                Some(Came::Frame(frame)) => {
                    let lost = std::mem::take(&mut self.lost);
                    return Ok(Now::Frame(frame.after_losing(lost)));
                }
                Some(Came::Gap(gap)) => self.lost += gap.last.saturating_sub(gap.first) + 1,
                Some(Came::Closed) => return Ok(Now::Closed),
                Some(Came::Lost) => self.source = None,
            }
        }
    }

    /// How the frames come at the moment; none while the channel is opened again.
    #[must_use]
    pub fn tier(&self) -> Option<Tier> {
        self.source.as_ref().map(|source| match source {
            Source::Attached(_) => handing::TIER,
            Source::Streamed(streamed) => streamed.tier(),
        })
    }

    /// The number of the server's start that frames were last opened at: another after it started anew.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The channel's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.how.name
    }
}

impl Source {
    /// Goes on by a policy that the server agreed to.
    fn set_policy(&mut self, policy: Policy) {
        match self {
            Self::Attached(attached) => attached.set_policy(policy),
            // What sends the stream is in the server, and was told there.
            Self::Streamed(_) => {}
        }
    }
}

/// Whether a server says that a subscription, or its channel, is there no more.
fn is_over(status: &Status) -> bool {
    let reason = Reason::of(status);
    matches!(reason, Some(Reason::TicketRefused | Reason::ChannelUnknown))
}

//! The newest frame, for who asks now and then.

use std::sync::Arc;

use nearcall_frames::Identity;
use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_client::FramesClient;
use nearcall_rpc::Channel;
use nearcall_sys::memory::ReadOnly;
use tonic::Status;
use wire::bulk::Content;

use super::borrowing;
use super::frame::{Frame, Hold};
use super::leases::{Leases, Lent};
use super::view::region;
use crate::limits::LEASES_MAX;
use crate::tier::Tier;
use crate::wire::{read_info, read_region};

/// Asks for the newest frame of a channel now and then, in shared memory if that can be; by its name, such as
/// `render.main`. Nothing is asked before [`Poller::newest`] is called.
///
/// ```no_run
/// # async fn look() -> Result<(), Box<dyn std::error::Error>> {
/// let channel = nearcall_rpc::Channel::connect("render").await?;
/// let mut main = nearcall_sidecar::poll(&channel, "render.main");
/// if let Some(frame) = main.newest().await? {
///     println!("frame {} has {} bytes", frame.seq(), frame.bytes().len());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn poll(channel: &Channel, name: impl Into<String>) -> Poller {
    Poller {
        channel: channel.clone(),
        name: name.into(),
        after: 0,
        epoch: 0,
        after_in: None,
        unmapped: None,
        region: None,
        leases: None,
    }
}

/// Who asks for the newest frame now and then. Frames that nobody asks for cost nothing; who wants each of them, or hears
/// of the next one, [opens](super::open) the channel instead.
#[derive(Debug)]
pub struct Poller {
    channel: Channel,
    name: String,
    /// The newest frame that came, the server's start and the region that it was of.
    after: u64,
    epoch: u64,
    after_in: Option<wire::Region>,
    /// A start of the server's whose memory could not be mapped.
    unmapped: Option<u64>,
    /// What was mapped last: frames are in the same region until their size changes.
    region: Option<(Identity, Arc<ReadOnly>)>,
    leases: Option<Leases>,
}

/// Why no frame came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PollError {
    /// As many frames are held as may be. Drop one, then ask again.
    #[error("{LEASES_MAX} frames are held, which is as many as may be; drop one first")]
    AllHeld,
    /// The server said no, or could not be reached.
    #[error("{}", .0.message())]
    Refused(#[source] Status),
    /// What the server says cannot be.
    #[error("expected {expected} from the server; it is broken, or of another version")]
    Broken {
        /// What was expected.
        expected: &'static str,
    },
}

/// What a server answered, and what it holds for it.
struct Answer {
    frame: Option<wire::Frame>,
    epoch: u64,
    region: Option<wire::Region>,
    lent: Option<Lent>,
}

impl Poller {
    /// The newest frame; none where it came before, or there is none yet. One that is in shared memory is the server's to
    /// hold, [`LEASES_MAX`] of them at most, until it is dropped.
    ///
    /// # Errors
    ///
    /// See [`PollError`]. It may be asked again after each.
    pub async fn newest(&mut self) -> Result<Option<Frame>, PollError> {
        loop {
            let Answer {
                frame,
                epoch,
                region,
                lent,
            } = self.ask().await?;
            if epoch != self.epoch || region != self.after_in {
                // Another start, and another region, count their frames anew.
                (self.epoch, self.after_in, self.after) = (epoch, region, 0);
            }
            let Some(frame) = frame else {
                return Ok(None);
            };
            let content = frame.body.and_then(|body| body.content);
            let (Some(info), Some(content)) = (frame.info, content) else {
                return Err(broken("a frame with its body"));
            };
            let info = read_info(info);
            let came = match (content, lent) {
                (Content::Inline(bytes), _) if bytes.len() as u64 == frame.length => {
                    Frame::here(bytes, info, Tier::Inline, epoch)
                }
                (Content::Inline(_), _) => {
                    return Err(broken("a frame as long as it was said to be"));
                }
                (Content::Frame(reference), Some(lent)) => {
                    let Some(view) = self.view(&reference).await? else {
                        continue;
                    };
                    let whole = |number| usize::try_from(number).ok();
                    let start = whole(reference.offset);
                    let end = start
                        .zip(whole(reference.length))
                        .and_then(|(at, length)| at.checked_add(length));
                    let range = start.unwrap_or(usize::MAX)..end.unwrap_or(0);
                    Frame::held(view, range, info, Hold::Polled(lent), epoch)
                        .ok_or_else(|| broken("a frame within its region"))?
                }
                _ => {
                    return Err(broken(
                        "a frame's bytes, or a reference to what can be mapped",
                    ));
                }
            };
            self.after = came.seq();
            return Ok(Some(came));
        }
    }

    /// The channel's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Asks. What is held for an answer that nobody waits for is let go of.
    async fn ask(&mut self) -> Result<Answer, PollError> {
        let channel = &self.channel;
        let leases = self.leases.get_or_insert_with(|| Leases::new(channel));
        let can_map = self.unmapped.is_none_or(|epoch| epoch != self.epoch);
        let place = leases.place().await.ok_or(PollError::AllHeld)?;
        let request = wire::AcquireLatestRequest {
            channel: self.name.clone(),
            after: self.after,
            epoch: self.epoch,
            can_map,
            after_in: self.after_in.clone(),
        };
        let mut client = FramesClient::new(channel.clone());
        let asking = tokio::spawn(async move {
            let told = client.acquire_latest(request).await?.into_inner();
            let body = told.frame.as_ref().and_then(|frame| frame.body.as_ref());
            let content = body.and_then(|body| body.content.as_ref());
            let lent = match content {
                Some(Content::Frame(reference)) if can_map => {
                    Some(place.lent(reference.lease.clone()))
                }
                _ => None,
            };
            Ok(Answer {
                frame: told.frame,
                epoch: told.epoch,
                region: told.region,
                lent,
            })
        });
        let asked = asking.await;
        let mut answer = asked
            .unwrap_or_else(|error| Err(Status::cancelled(error.to_string())))
            .map_err(PollError::Refused)?;
        if let Some(lent) = &mut answer.lent {
            leases.hand_on(lent);
        }
        Ok(answer)
    }

    /// What a reference leads to. None where it cannot be mapped, and bytes are to be asked for.
    async fn view(
        &mut self,
        reference: &wire::FrameRef,
    ) -> Result<Option<Arc<ReadOnly>>, PollError> {
        let told = reference.region.as_ref().and_then(read_region);
        let Some(Ok((identity, geometry))) = told else {
            return Err(broken("a reference with its region"));
        };
        if let Some((known, view)) = &self.region
            && *known == identity
        {
            return Ok(Some(Arc::clone(view)));
        }
        let borrowed = borrowing::map(&self.channel, reference, geometry.region_bytes()).await;
        match borrowed.and_then(|borrowed| region(borrowed.view, identity)) {
            Ok(mapped) => {
                let mapped = Arc::new(mapped);
                self.region = Some((identity, Arc::clone(&mapped)));
                Ok(Some(mapped))
            }
            Err(fault) => {
                tracing::debug!(name = self.name, %fault, "frames cannot be mapped; asking for bytes");
                self.unmapped = Some(self.epoch);
                Ok(None)
            }
        }
    }
}

fn broken(expected: &'static str) -> PollError {
    PollError::Broken { expected }
}

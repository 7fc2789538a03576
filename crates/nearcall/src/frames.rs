//! Frame channels: pictures, sound, snapshots of a world, in shared memory that readers look at in place.
//!
//! A server makes [`Frames`], a [`Writer`] for each channel, and adds the service. A client [`open`]s a channel by its
//! name and gets the same frames whether memory can be shared or not.
//!
//! ```no_run
//! use nearcall::frames::{Details, Frames, Geometry};
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let frames = Frames::new();
//! // Eight frames of up to 1 MiB, of which one stays readable beside the latest.
//! let mut main = frames.channel("render.main", Geometry::new(8, 1 << 20, 1)?)?;
//! std::thread::spawn(move || {
//!     while let Ok(mut loan) = main.loan() {
//!         loan.bytes_mut()[..13].copy_from_slice(b"what is drawn");
//!         let _ = loan.publish(13, &Details::default());
//!     }
//! });
//! nearcall::Server::new("render").add_service(frames.service()).serve().await?;
//! # Ok(())
//! # }
//! # async fn look() -> Result<(), Box<dyn std::error::Error>> {
//! let channel = nearcall::connect("render").await?;
//! let mut frames = nearcall::frames::open(&channel, "render.main").await?;
//! while let Some(frame) = frames.next().await? {
//!     println!("{:?}: {} bytes by way of {}", frame.meta(), frame.bytes().len(), frame.tier());
//! }
//! # Ok(())
//! # }
//! ```

pub use nearcall_frames::{
    Details, Geometry, GeometryError, Info, LoanError, Meta, Policy, PublishError, State, Stats,
    SubscriptionStats, Then, limits as channel_limits, meta,
};
#[cfg(target_os = "linux")]
pub use nearcall_sidecar::FilesError;
pub use nearcall_sidecar::{
    Bulk, BulkError, Bulks, ChannelError, Frame, FrameStream, Frames, Loan, NextError, Now,
    OpenError, Options, PollError, Poller, Reason, Tier, Upload, UploadError, UploadOptions,
    Writer, limits, open, poll, take, upload,
};

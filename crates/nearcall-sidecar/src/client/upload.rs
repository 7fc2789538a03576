//! Bytes for a server: written into memory that it made, or sent inline.

use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_client::FramesClient;
use nearcall_rpc::Channel;
use nearcall_sys::memory::{Writable, open_upload};
use tonic::Status;
use wire::bulk::Content;

use super::handing::Lasting;
use super::{borrowing, handing};
use crate::imp::borrowed;
use crate::limits::INLINE_BELOW;
use crate::tier::Tier;

/// Opens an upload of `bytes` bytes to the server that `channel` leads to: in shared memory if that can be.
///
/// ```no_run
/// # async fn send(file: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
/// let channel = nearcall_rpc::Channel::connect("assets").await?;
/// let mut upload = nearcall_sidecar::upload(&channel, file.len()).await?;
/// upload.write(0, &file)?;
/// let bulk = upload.commit(file.len())?;
/// // Send `bulk` in a message of the service, and keep the upload until the answer is there.
/// # drop((bulk, upload));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The server takes no more uploads, or not of that size, or cannot be reached.
pub async fn upload(channel: &Channel, bytes: usize) -> Result<Upload, UploadError> {
    UploadOptions::default().open(channel, bytes).await
}

/// How bytes may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadOptions {
    /// The ways that they may go; inline always may. Default: [`Tier::USUAL`]; there are none by [`Tier::File`].
    pub tiers: Vec<Tier>,
    /// Fewer bytes than this go inline. Default: [`INLINE_BELOW`].
    pub inline_below: u64,
}

impl Default for UploadOptions {
    fn default() -> Self {
        Self {
            tiers: Tier::USUAL.to_vec(),
            inline_below: INLINE_BELOW,
        }
    }
}

/// Why bytes could not be uploaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The server said no, or could not be reached.
    #[error("{}", .0.message())]
    Refused(#[source] Status),
    /// The server's answer lacks something.
    #[error("expected {expected} in the server's answer, found none; it is of another version")]
    Answer {
        /// What.
        expected: &'static str,
    },
    /// More bytes than there is room for.
    #[error("expected {bytes} bytes at most, found {end}; open a larger upload")]
    PastEnd {
        /// What there is.
        bytes: usize,
        /// Where these would end.
        end: usize,
    },
}

/// Bytes on their way. Dropped before the server took them, it is as if it had never been.
#[derive(Debug)]
pub struct Upload {
    bytes: usize,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Here(Vec<u8>),
    There {
        memory: Writable,
        upload: Vec<u8>,
        tier: Tier,
        /// The upload lasts as long as this; none where it lasts as long as the connection.
        _lasting: Option<Lasting>,
    },
}

/// Why bytes cannot go by a way.
pub(super) type Fault = Box<dyn std::error::Error + Send + Sync>;

impl UploadOptions {
    /// Opens an upload so.
    ///
    /// # Errors
    ///
    /// As [`upload`].
    pub async fn open(self, channel: &Channel, bytes: usize) -> Result<Upload, UploadError> {
        let mut tiers = self.tiers;
        let mut useless = Vec::new();
        let client = FramesClient::new(channel.clone());
        loop {
            let request = wire::OpenUploadRequest {
                bytes: bytes as u64,
                tiers: tiers.iter().map(|tier| tier.wire().into()).collect(),
                inline_below: Some(self.inline_below),
                instead_of: useless,
            };
            let mut client = client.clone();
            let asking = async move {
                let told = client.open_upload(request).await;
                let told = told.map_err(UploadError::Refused)?.into_inner();
                let expected = "a tier that is known";
                let tier = Tier::read(told.tier()).ok_or(UploadError::Answer { expected })?;
                let upload = told.upload.clone();
                let opened = match tier {
                    Tier::Inline => Ok(Body::Here(vec![0; bytes])),
                    _ => open(tier, told, bytes).await,
                };
                Ok::<_, UploadError>((tier, upload, opened))
            };
            let (tier, upload, opened) = handing::ask(asking, UploadError::Refused).await?;
            useless = upload;
            match opened {
                Ok(body) => return Ok(Upload { bytes, body }),
                Err(fault) => {
                    tracing::debug!(%tier, %fault, "bytes cannot go so; asking for another way");
                    tiers.retain(|other| *other != tier);
                }
            }
        }
    }
}

async fn open(tier: Tier, told: wire::OpenUploadResponse, bytes: usize) -> Result<Body, Fault> {
    let upload = told.upload.clone();
    let (memory, lasting) = if tier == handing::TIER {
        let (memory, lasting) = handing::fetch(told, bytes).await?;
        (memory, Some(lasting))
    } else {
        let passed = borrowing::open_to_fill(&told.path)?;
        (open_upload(borrowed(&passed), bytes)?, None)
    };
    Ok(Body::There {
        memory,
        upload,
        tier,
        _lasting: lasting,
    })
}

impl Upload {
    /// Puts bytes at `at`.
    ///
    /// # Errors
    ///
    /// There is no room for them.
    pub fn write(&mut self, at: usize, from: &[u8]) -> Result<(), UploadError> {
        let end = self.held(at.saturating_add(from.len()))?;
        match &mut self.body {
            Body::Here(bytes) => bytes[at..end].copy_from_slice(from),
            Body::There { memory, .. } => memory.write(at, from),
        }
        Ok(())
    }

    /// The first `length` bytes as what a message of a service takes. The server copies them when it gets the message:
    /// keep the upload until its answer is there. It is taken once.
    ///
    /// # Errors
    ///
    /// There are not as many.
    pub fn commit(&mut self, length: usize) -> Result<wire::Bulk, UploadError> {
        self.held(length)?;
        let content = match &mut self.body {
            Body::Here(bytes) => {
                let mut bytes = std::mem::take(bytes);
                bytes.truncate(length);
                self.bytes = 0;
                Content::Inline(bytes)
            }
            Body::There { upload, .. } => Content::Upload(wire::UploadRef {
                upload: upload.clone(),
                length: length as u64,
            }),
        };
        Ok(wire::Bulk {
            content: Some(content),
        })
    }

    fn held(&self, end: usize) -> Result<usize, UploadError> {
        let bytes = self.bytes;
        (end <= bytes)
            .then_some(end)
            .ok_or(UploadError::PastEnd { bytes, end })
    }

    /// How the bytes go.
    #[must_use]
    pub const fn tier(&self) -> Tier {
        match &self.body {
            Body::Here(_) => Tier::Inline,
            Body::There { tier, .. } => *tier,
        }
    }
}

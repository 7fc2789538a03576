//! Opening a channel: what the server picks, and what is done when that turns out not to work.

use nearcall_frames::{Geometry, GeometryError, Grant, Identity, Policy, SubscriptionId};
use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_client::FramesClient;
use tonic::Status;

use super::attached::{AttachFault, Attached};
use super::handing::{self, Taken};
use super::streamed::Streamed;
use super::{How, Source};
use crate::tier::Tier;
use crate::wire::{read_policy, read_region, write_policy};

/// Why a channel was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The server said no, or could not be reached.
    #[error("{}", .0.message())]
    Refused(#[source] Status),
    /// The server's answer lacks something.
    #[error("expected {expected} in the server's answer, found none; it is of another version")]
    Answer {
        /// What.
        expected: &'static str,
    },
    /// The server's answer says what cannot be.
    #[error("the server's answer describes memory that cannot be")]
    Geometry(#[from] GeometryError),
}

/// A channel that was opened.
pub(super) struct Opened {
    pub(super) source: Source,
    pub(super) epoch: u64,
    pub(super) ours: Ours,
}

/// What names the subscription to the server, and proves that it is this client's.
#[derive(Debug)]
pub(super) struct Ours {
    id: SubscriptionId,
    ticket: Vec<u8>,
}

/// What a server granted.
pub(super) struct Granted {
    pub(super) tier: Tier,
    pub(super) grant: Grant,
    pub(super) ticket: Vec<u8>,
    /// What to open, for the tiers that open something.
    pub(super) path: String,
    /// What memory that is handed over is had by.
    pub(super) taken: Taken,
}

impl How {
    /// Opens the channel by the best way that works. Whether memory can be had is known once it was tried: a socket's path
    /// may mean nothing in another container, and a `/proc` may be another's.
    pub(super) async fn open(&self) -> Result<Opened, OpenError> {
        let mut tiers = self.options.tiers.clone();
        let mut useless = Vec::new();
        loop {
            let granted = self.ask(&tiers, useless).await?;
            useless = granted.ticket.clone();
            let epoch = granted.grant.identity.epoch;
            let ours = Ours {
                id: granted.grant.id,
                ticket: granted.ticket.clone(),
            };
            let tier = granted.tier;
            if tier != Tier::Inline && !tiers.contains(&tier) {
                let expected = "a tier that was asked for";
                return Err(OpenError::Answer { expected });
            }
            let fault: Box<dyn std::error::Error + Send + Sync> = match tier {
                Tier::Broker | Tier::Handle => match Attached::attach(granted).await {
                    Ok(attached) => {
                        let source = Source::Attached(attached);
                        return Ok(Opened {
                            source,
                            epoch,
                            ours,
                        });
                    }
                    Err(AttachFault(fault)) => fault,
                },
                Tier::Proc | Tier::File | Tier::Inline => {
                    match Streamed::start(&self.channel, granted).await {
                        Ok(streamed) => {
                            let source = Source::Streamed(streamed);
                            return Ok(Opened {
                                source,
                                epoch,
                                ours,
                            });
                        }
                        Err(fault) if tier != Tier::Inline => Box::new(fault),
                        Err(fault) => return Err(fault.into()),
                    }
                }
            };
            tracing::debug!(name = self.name, %tier, %fault, "frames cannot come so; asking for another way");
            tiers.retain(|other| *other != tier);
        }
    }

    /// Asks the server for other frames of a subscription, and answers which come.
    pub(super) async fn ask_policy(&self, ours: &Ours, policy: Policy) -> Result<Policy, Status> {
        let request = wire::SetPolicyRequest {
            channel: self.name.clone(),
            subscription: ours.id.number(),
            ticket: ours.ticket.clone(),
            policy: Some(write_policy(policy)),
        };
        let mut client = FramesClient::new(self.channel.clone());
        let answer = client.set_policy(request).await?;
        Ok(read_policy(answer.into_inner().policy).unwrap_or(policy))
    }

    async fn ask(&self, tiers: &[Tier], useless: Vec<u8>) -> Result<Granted, OpenError> {
        let request = wire::OpenRequest {
            channel: self.name.clone(),
            tiers: tiers.iter().map(|tier| tier.wire().into()).collect(),
            policy: Some(write_policy(self.options.policy)),
            pins: self.options.pins,
            inline_below: Some(self.options.inline_below),
            instead_of: useless,
        };
        let mut client = FramesClient::new(self.channel.clone());
        let asking = async move {
            let answer = client.open(request).await.map_err(OpenError::Refused)?;
            read(answer.into_inner())
        };
        handing::ask(asking, OpenError::Refused).await
    }
}

fn read(answer: wire::OpenResponse) -> Result<Granted, OpenError> {
    // First, so that what was put into this process is closed whatever else is wrong.
    let taken = handing::taken(&answer);
    let missing = |expected| OpenError::Answer { expected };
    let tier = Tier::read(answer.tier()).ok_or_else(|| missing("a tier that is known"))?;
    let region = answer.region.ok_or_else(|| missing("a region"))?;
    let (identity, geometry): (Identity, Geometry) =
        read_region(&region).ok_or_else(|| missing("a geometry"))??;
    let policy = read_policy(answer.policy).ok_or_else(|| missing("a policy that is known"))?;
    Ok(Granted {
        tier,
        grant: Grant {
            id: SubscriptionId::new(answer.subscription),
            identity,
            geometry,
            pins: answer.pins,
            policy,
            first: answer.first,
        },
        ticket: answer.ticket,
        taken,
        path: match tier {
            Tier::File => answer.file_path,
            _ => region.path,
        },
    })
}

//! One channel: its writer under a lock that nobody holds for long, its region, and who subscribed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use nearcall_frames::memory::Heap;
use nearcall_frames::{
    Geometry, Grant, Identity, Policy, Reader, Request, State, Stats, SubscribeError,
    SubscriptionId, SubscriptionStats, Writer,
};
use nearcall_proto::frames::v1 as wire;
use nearcall_sys::memory::{ReadOnly, Writable, make_return_page};

use super::ChannelError;
use super::bell::{FarBell, NearBell};
use super::caller::User;
use super::region::Region;
use super::tickets::Secret;
use crate::imp::Passed;
use crate::status::Refused;
use crate::tier::Tier;
use crate::wire::{write_geometry, write_policy};

/// A channel.
#[derive(Debug)]
pub(crate) struct Channel {
    name: String,
    core: Mutex<Core>,
}

#[derive(Debug)]
pub(super) struct Core {
    /// None once the channel has ended.
    pub(super) writer: Option<Writer<Writable>>,
    pub(super) region: Arc<Region>,
    readers: HashMap<SubscriptionId, WhoReads>,
}

/// What is known of a reader beside what its return page says.
#[derive(Debug, Clone, Default)]
pub(super) struct WhoReads {
    /// None for a client that polls.
    pub(super) tier: Option<Tier>,
    pub(super) pid: Option<u32>,
    /// What it has to show who changes the subscription. None for a client that polls.
    pub(super) proof: Option<Proof>,
    /// What reaches a reader within this process.
    pub(super) bell: Option<NearBell>,
}

/// Whose a subscription is: who opened it, with the ticket that it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) ticket: Secret,
    pub(super) user: Option<User>,
}

/// A subscription, given back when this is dropped, which has to be after whatever reads by it.
#[derive(Debug)]
pub(super) struct Subscribed {
    channel: Arc<Channel>,
    region: u64,
    pub(super) id: SubscriptionId,
}

/// A subscription that is read within this process, what reads it first.
#[derive(Debug)]
pub(super) struct Near {
    pub(super) reader: Reader<Arc<ReadOnly>>,
    pub(super) bell: NearBell,
    pub(super) region: Arc<Region>,
    pub(super) subscribed: Subscribed,
}

/// A subscription whose memory is handed over.
#[derive(Debug)]
pub(super) struct Far {
    /// None once it is handed over.
    pub(super) page: Option<Passed>,
    pub(super) bell: FarBell,
    pub(super) grant: Grant,
    pub(super) region: Arc<Region>,
    pub(super) subscribed: Subscribed,
}

impl Channel {
    pub(super) fn new(
        name: String,
        epoch: u64,
        number: u64,
        geometry: Geometry,
    ) -> Result<Self, ChannelError> {
        let identity = Identity {
            epoch,
            channel: number,
            region: 1,
        };
        let core = Core::new(&name, identity, geometry)?;
        Ok(Self {
            name,
            core: Mutex::new(core),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Held for microseconds, in async code too: nothing under it waits.
    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts another region in the place of the one there is; readers find that it retired, and open the channel again.
    pub(super) fn replace(&self, geometry: Geometry) -> Result<(), ChannelError> {
        let mut identity = self.core().region.identity;
        identity.region += 1;
        // Made outside the lock: the system fills the memory, which takes as long as there is much.
        let fresh = Core::new(&self.name, identity, geometry)?;
        let old = std::mem::replace(&mut *self.core(), fresh);
        if let Some(writer) = old.writer {
            writer.retire();
        }
        Ok(())
    }

    /// Ends the channel.
    pub(super) fn close(&self) {
        let writer = self.core().writer.take();
        drop(writer);
    }

    /// A subscription that is read within this process.
    pub(super) fn subscribe_near(
        self: &Arc<Self>,
        request: Request,
        mut who: WhoReads,
    ) -> Result<(Near, Grant), Refused> {
        let (page, bell) = (Arc::new(Heap::return_page()), NearBell::default());
        who.bell = Some(bell.clone());
        let theirs = (Box::new(Arc::clone(&page)), Box::new(bell.clone()));
        let (grant, region, subscribed) = self.subscribe(theirs.0, theirs.1, request, who)?;
        let reader = Reader::attach(Arc::clone(&region.view), Box::new(page), &grant)
            .map_err(|error| Refused::Memory(error.to_string()))?;
        let near = Near {
            reader,
            bell,
            region,
            subscribed,
        };
        Ok((near, grant))
    }

    /// A subscription whose memory is handed over.
    pub(super) fn subscribe_far(
        self: &Arc<Self>,
        bell: FarBell,
        request: Request,
        who: WhoReads,
    ) -> Result<Far, Refused> {
        let (ours, page) = make_return_page("nearcall-frames-page")
            .map_err(|error| Refused::Memory(error.to_string()))?;
        let theirs = Box::new(bell.clone());
        let (grant, region, subscribed) = self.subscribe(Box::new(ours), theirs, request, who)?;
        Ok(Far {
            page: Some(page),
            bell,
            grant,
            region,
            subscribed,
        })
    }

    fn subscribe(
        self: &Arc<Self>,
        page: Box<dyn nearcall_frames::memory::Words>,
        bell: Box<dyn nearcall_frames::Doorbell>,
        request: Request,
        who: WhoReads,
    ) -> Result<(Grant, Arc<Region>, Subscribed), Refused> {
        let mut core = self.core();
        core.reap();
        let core = &mut *core;
        let writer = core.writer.as_mut().ok_or(Refused::Ended)?;
        let grant = writer
            .subscribe(page, bell, request)
            .map_err(|source| self.refused(source))?;
        core.readers.insert(grant.id, who);
        let subscribed = Subscribed {
            channel: Arc::clone(self),
            region: grant.identity.region,
            id: grant.id,
        };
        Ok((grant, Arc::clone(&core.region), subscribed))
    }

    fn refused(&self, source: SubscribeError) -> Refused {
        Refused::Subscribe {
            name: self.name.clone(),
            source,
        }
    }

    /// Gives a subscription another policy, for who proves that it is theirs.
    pub(super) fn set_policy(
        &self,
        id: SubscriptionId,
        proof: &Proof,
        policy: Policy,
    ) -> Result<(), Refused> {
        let mut core = self.core();
        core.reap();
        let core = &mut *core;
        let who = core.readers.get(&id);
        if who.is_none_or(|who| who.proof.as_ref() != Some(proof)) {
            return Err(Refused::NotTheirs);
        }
        let writer = core.writer.as_mut().ok_or(Refused::Ended)?;
        let set = writer.set_policy(id, policy);
        set.map_err(|source| self.refused(source))?;
        if let Some(bell) = who.and_then(|who| who.bell.as_ref()) {
            bell.set_policy(policy);
        }
        Ok(())
    }

    /// The channel in a few words.
    pub(super) fn told(&self) -> wire::Channel {
        let mut core = self.core();
        core.reap();
        self.in_words(&core)
    }

    fn in_words(&self, core: &Core) -> wire::Channel {
        wire::Channel {
            name: self.name.clone(),
            epoch: core.region.identity.epoch,
            geometry: Some(write_geometry(&core.region.geometry)),
            latest: core.writer.as_ref().map_or(0, Writer::latest),
            subscriptions: u32::try_from(core.readers.len()).unwrap_or(u32::MAX),
        }
    }

    /// The channel and each of its subscriptions.
    pub(super) fn stats(&self) -> wire::StatsResponse {
        let mut core = self.core();
        core.reap();
        let stats = core.stats();
        let subscriptions = stats
            .subscriptions
            .iter()
            .map(|one| subscription(one, core.readers.get(&one.id)));
        wire::StatsResponse {
            channel: Some(self.in_words(&core)),
            dropped: stats.dropped,
            without_slot: stats.without_slot,
            subscriptions: subscriptions.collect(),
        }
    }
}

impl Core {
    fn new(name: &str, identity: Identity, geometry: Geometry) -> Result<Self, ChannelError> {
        let (region, memory) = Region::make(name, identity, geometry)?;
        Ok(Self {
            writer: Some(Writer::new(memory, identity, geometry)?),
            region: Arc::new(region),
            readers: HashMap::new(),
        })
    }

    /// Forgets the readers that have hung up.
    fn reap(&mut self) {
        let gone = self.writer.as_mut().map(Writer::reap).unwrap_or_default();
        for id in gone {
            self.readers.remove(&id);
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let stats = self.writer.as_ref();
        stats.map_or_else(
            || Stats {
                published: 0,
                dropped: 0,
                without_slot: 0,
                subscriptions: Vec::new(),
            },
            |writer| writer.stats(Instant::now()),
        )
    }
}

impl Subscribed {
    /// Whether the reader hung up, by the kernel's word, or its region is another's by now.
    pub(super) fn is_over(&self) -> bool {
        let mut core = self.channel.core();
        core.reap();
        core.region.identity.region != self.region || !core.readers.contains_key(&self.id)
    }

    /// Gives the subscription another policy.
    pub(super) fn set_policy(&self, policy: Policy) -> Result<(), Refused> {
        let mut core = self.channel.core();
        if core.region.identity.region != self.region {
            return Ok(());
        }
        let Some(writer) = &mut core.writer else {
            return Ok(());
        };
        let set = writer.set_policy(self.id, policy);
        set.map(drop).map_err(|source| self.channel.refused(source))
    }
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        let mut core = self.channel.core();
        // The numbers of another region's subscriptions begin anew.
        if core.region.identity.region == self.region {
            if let Some(writer) = &mut core.writer {
                writer.unsubscribe(self.id);
            }
            core.readers.remove(&self.id);
        }
    }
}

fn subscription(stats: &SubscriptionStats, who: Option<&WhoReads>) -> wire::Subscription {
    let tier = who.and_then(|who| who.tier);
    let age = stats.oldest_pin_age.unwrap_or_default();
    let standing = match stats.state {
        State::Demoted => wire::Standing::Demoted,
        State::Evicted => wire::Standing::Evicted,
        _ => wire::Standing::Live,
    };
    wire::Subscription {
        subscription: stats.id.number(),
        tier: tier.map_or(wire::Tier::Unspecified, Tier::wire).into(),
        policy: Some(write_policy(stats.policy)),
        standing: standing.into(),
        lag: stats.lag,
        dropped: stats.dropped,
        pins_granted: stats.pins_granted,
        pins: stats.pins,
        oldest_pin_age_ms: u64::try_from(age.as_millis()).unwrap_or(u64::MAX),
        pid: who.and_then(|who| who.pid).unwrap_or(0),
    }
}

//! What the handles stand for.
//!
//! A handle is the number of a slot and how often the slot was used before, never a pointer: one that is closed, made
//! up or of another kind is found out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::buffer::Buffer;
use crate::channel::Channel;
use crate::fault::Fault;
use crate::frames::{FrameReader, Lease};
use crate::host::{Host, Served};
use crate::metadata::Metadata;
use crate::status::Ended;
use crate::stream::Stream;

/// Limit: handles open at once in one process; one more is NEARCALL_ERROR_LIMIT.
pub(crate) const HANDLES_MAX: usize = 1_048_576;

static TABLE: Mutex<Table> = Mutex::new(Table {
    slots: Vec::new(),
    free: Vec::new(),
});

#[derive(Debug)]
struct Table {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot {
    /// Never 0, so that no handle is.
    generation: u32,
    resource: Option<Resource>,
}

/// Something that C has a handle of.
#[derive(Debug, Clone)]
pub(crate) enum Resource {
    Buffer(Arc<Buffer>),
    Channel(Arc<Channel>),
    Frames(Arc<FrameReader>),
    Host(Arc<Host>),
    Lease(Arc<Lease>),
    Metadata(Arc<Metadata>),
    Served(Arc<Served>),
    Status(Arc<Ended>),
    Stream(Arc<Stream>),
}

/// A kind of thing that C has handles of.
pub(crate) trait Kept: Sized {
    /// What it is called where a handle is not one.
    const NAME: &'static str;
    fn keep(this: Arc<Self>) -> Resource;
    fn found(resource: &Resource) -> Option<&Arc<Self>>;
}

macro_rules! kept {
    ($($variant:ident($kind:ty) = $name:literal;)*) => {$(
        impl Kept for $kind {
            const NAME: &'static str = $name;
            fn keep(this: Arc<Self>) -> Resource {
                Resource::$variant(this)
            }
            fn found(resource: &Resource) -> Option<&Arc<Self>> {
                match resource {
                    Resource::$variant(found) => Some(found),
                    _ => None,
                }
            }
        }
    )*};
}

kept! {
    Buffer(Buffer) = "buffer";
    Channel(Channel) = "channel";
    Host(Host) = "host";
    Served(Served) = "call";
    Metadata(Metadata) = "metadata";
    Status(Ended) = "status";
    Stream(Stream) = "stream";
    Frames(FrameReader) = "channel of frames";
    Lease(Lease) = "frame that is held";
}

/// A new handle of something.
pub(crate) fn insert<T: Kept>(kept: Arc<T>) -> Result<u64, Fault> {
    let mut table = lock();
    let index = match table.free.pop() {
        Some(index) => index,
        None if table.slots.len() >= HANDLES_MAX => return Err(Fault::Limit(HANDLES_MAX)),
        None => {
            table.slots.push(Slot {
                generation: 1,
                resource: None,
            });
            u32::try_from(table.slots.len() - 1).map_err(|_| Fault::Limit(HANDLES_MAX))?
        }
    };
    let slot = &mut table.slots[index as usize];
    slot.resource = Some(T::keep(kept));
    Ok(u64::from(slot.generation) << 32 | u64::from(index))
}

/// What a handle stands for.
pub(crate) fn find<T: Kept>(handle: u64) -> Result<Arc<T>, Fault> {
    let mut table = lock();
    let slot = table.slot::<T>(handle)?;
    let found = slot.resource.as_ref().and_then(T::found);
    found.map(Arc::clone).ok_or_else(|| wrong::<T>(handle))
}

/// Ends a handle and answers with what it stood for.
pub(crate) fn remove<T: Kept>(handle: u64) -> Result<Arc<T>, Fault> {
    let mut table = lock();
    let slot = table.slot::<T>(handle)?;
    let Some(found) = slot.resource.as_ref().and_then(T::found).map(Arc::clone) else {
        return Err(wrong::<T>(handle));
    };
    // The copy keeps it, so that nothing is dropped under the lock.
    slot.end();
    table.free.push(index(handle));
    Ok(found)
}

/// Ends every handle.
pub(crate) fn clear() -> Vec<Resource> {
    let mut table = lock();
    let mut ended = Vec::new();
    let Table { slots, free } = &mut *table;
    for (index, slot) in (0..).zip(slots) {
        if let Some(resource) = slot.end() {
            ended.push(resource);
            free.push(index);
        }
    }
    ended
}

/// How many handles are open.
pub(crate) fn count() -> usize {
    let table = lock();
    table.slots.len() - table.free.len()
}

fn lock() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

const fn index(handle: u64) -> u32 {
    (handle & 0xffff_ffff) as u32
}

fn wrong<T: Kept>(handle: u64) -> Fault {
    Fault::Handle {
        handle,
        expected: T::NAME,
    }
}

impl Table {
    /// The slot of a handle that is of the slot's present generation.
    fn slot<T: Kept>(&mut self, handle: u64) -> Result<&mut Slot, Fault> {
        let slot = self.slots.get_mut(index(handle) as usize);
        slot.filter(|slot| u64::from(slot.generation) == handle >> 32)
            .ok_or_else(|| wrong::<T>(handle))
    }
}

impl Slot {
    fn end(&mut self) -> Option<Resource> {
        let ended = self.resource.take()?;
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        Some(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_ends_once_and_is_of_one_kind() {
        let handle = insert(Arc::<Metadata>::default()).unwrap();
        assert_ne!(handle, 0);
        assert!(find::<Metadata>(handle).is_ok());
        assert!(find::<Channel>(handle).is_err());
        assert!(remove::<Channel>(handle).is_err());
        assert!(remove::<Metadata>(handle).is_ok());
        assert!(find::<Metadata>(handle).is_err());
        assert!(remove::<Metadata>(handle).is_err());
        // The place is used again, the handle is not.
        let next = insert(Arc::<Metadata>::default()).unwrap();
        assert_ne!(next, handle);
        assert!(find::<Metadata>(handle).is_err());
        assert!(remove::<Metadata>(next).is_ok());
        for made_up in [0, 1, u64::MAX, handle ^ (1 << 32), 0xffff_ffff] {
            assert!(find::<Metadata>(made_up).is_err(), "{made_up:#x}");
        }
    }

    #[test]
    fn a_place_that_was_used_as_often_as_can_be_counted_starts_anew_and_never_at_zero() {
        let mut slot = Slot {
            generation: u32::MAX,
            resource: Some(Resource::Metadata(Arc::default())),
        };
        assert!(slot.end().is_some());
        assert_eq!(slot.generation, 1);
        assert!(slot.end().is_none());
    }
}

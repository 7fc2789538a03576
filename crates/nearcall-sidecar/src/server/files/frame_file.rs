//! The file of one subscription: a region's layout on a file system, written by position.
//!
//! It cannot be sealed, so it is never mapped: who cuts it short under a mapping ends the process that has it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use nearcall_frames::{Geometry, Header, Identity, Lease, Slot, layout};
use nearcall_proto::frames::v1 as wire;
use nearcall_rpc::Session;
use nearcall_sys::memory::ReadOnly;
use tokio::runtime::Handle;

use super::folder::{FileFault, Files, Name};
use crate::wire::write_region;

/// The fewest slots that a region has.
const SLOTS_MIN: u32 = 2;

/// A file that frames are copied to. It is gone when this is dropped.
#[derive(Debug)]
pub(in crate::server) struct FrameFile {
    /// Goes first: nobody finds a file that is about to be let go of.
    name: Name,
    file: Writing,
    identity: Identity,
    geometry: Geometry,
    /// Slots whose frame the reader has let go of.
    free: Vec<Slot>,
}

/// The file itself. Giving the system its room back takes as long as there is much, so that is done elsewhere.
#[derive(Debug)]
struct Writing(Option<Arc<File>>);

impl FrameFile {
    /// Makes a file with room for `pins` frames of a channel. It blocks.
    pub(super) fn make(
        files: &Arc<Files>,
        session: &Session,
        identity: Identity,
        channel: Geometry,
        pins: u32,
    ) -> Result<Self, FileFault> {
        let geometry = Geometry::new(pins.max(SLOTS_MIN), channel.payload_bytes(), 0)?;
        let (file, name) = files.make(session, geometry.region_bytes())?;
        let header = Header {
            identity,
            geometry,
            minor: layout::ABI.1,
        };
        file.write_all_at(&header.bytes(), 0)?;
        let slots = (0..u64::from(geometry.slots())).rev();
        let free = slots.filter_map(|number| geometry.slot(number)).collect();
        Ok(Self {
            name,
            file: Writing(Some(Arc::new(file))),
            identity,
            geometry,
            free,
        })
    }

    /// Tells the client of it; none where its path is no text.
    pub(in crate::server) fn tell(&self, told: &mut wire::OpenResponse) -> Option<()> {
        told.file_path = self.name.path().to_str()?.to_owned();
        told.region = Some(self.region());
        told.pins = self.geometry.slots();
        Some(())
    }

    fn region(&self) -> wire::Region {
        write_region(self.identity, &self.geometry, String::new())
    }

    pub(in crate::server) fn is_full(&self) -> bool {
        self.free.is_empty()
    }

    /// Lets another frame take the place of one that its reader has let go of.
    pub(in crate::server) fn give_back(&mut self, slot: Slot) {
        self.free.push(slot);
    }

    /// Copies a frame to the file, on a thread that may block, and answers where it is.
    pub(in crate::server) async fn write(
        &mut self,
        lease: Lease<Arc<ReadOnly>>,
    ) -> io::Result<(wire::FrameRef, Slot)> {
        let (Some(file), Some(slot)) = (self.file.0.clone(), self.free.pop()) else {
            return Err(io::Error::other("no slot of it is free"));
        };
        let (head_at, at) = (
            self.geometry.slot_header_at(slot) as u64,
            self.geometry.payload_at(slot) as u64,
        );
        let (seq, length) = (lease.seq(), lease.len() as u64);
        let written = tokio::task::spawn_blocking(move || {
            file.write_all_at(&lease, at)?;
            file.write_all_at(&head(seq, length), head_at)
        });
        written.await??;
        let reference = wire::FrameRef {
            region: Some(self.region()),
            seq,
            offset: at,
            length,
            lease: Vec::new(),
        };
        Ok((reference, slot))
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let file = self.0.take();
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn_blocking(move || drop(file));
        }
    }
}

/// What stands in a slot's header beside what the message says of the frame: its number and its length.
fn head(seq: u64, length: u64) -> [u8; layout::slot::CAPTURED] {
    let mut head = [0; layout::slot::CAPTURED];
    for (at, value) in [
        (layout::slot::STAMP, seq << 1),
        (layout::slot::LENGTH, length),
        (layout::slot::PROGRESS, length),
    ] {
        head[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }
    head
}

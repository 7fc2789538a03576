//! Frames that are copied out of a file of the server's.
//!
//! It is read by position and never mapped: another process of this user may cut it short at any time, which is an end of
//! file for a read and a signal for a mapping.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use nearcall_frames::{Geometry, Header, layout};
use nearcall_sys::memory::open_path;

use super::NextError;
use super::opening::Granted;
use super::streamed::{StartFault, broken};

/// Bytes of a slot's header that say which frame is in it: its stamp and its length.
const SLOT_HEAD_BYTES: usize = layout::slot::LENGTH + 8;

const NO_FILE: &str = "what its path leads to is no file of this channel";

/// The file of a subscription.
#[derive(Debug)]
pub(super) struct Filed {
    file: File,
    geometry: Geometry,
}

impl Filed {
    /// Opens the file by its path, and holds it against what the server said over gRPC.
    pub(super) fn open(granted: &Granted) -> Result<Self, StartFault> {
        let file = File::from(open_path(Path::new(&granted.path))?);
        let geometry = granted.grant.geometry;
        let found = file.metadata()?;
        if !found.is_file() || found.len() != geometry.region_bytes() as u64 {
            return Err(StartFault::File(NO_FILE));
        }
        let mut bytes = [0; layout::header::FIXED_BYTES];
        file.read_exact_at(&mut bytes, 0)?;
        let header = Header::parse(&bytes).map_err(|_| StartFault::File(NO_FILE))?;
        if header.identity != granted.grant.identity || header.geometry != geometry {
            return Err(StartFault::Other);
        }
        Ok(Self { file, geometry })
    }

    /// A copy of the frame that was announced, if it is there.
    pub(super) fn read(&self, seq: u64, offset: u64, length: u64) -> Result<Vec<u8>, NextError> {
        let mut slots = (0..u64::from(self.geometry.slots())).map_while(|n| self.geometry.slot(n));
        let slot = slots.find(|slot| self.geometry.payload_at(*slot) as u64 == offset);
        let slot = slot.ok_or_else(|| broken("a frame within its file"))?;
        let fits = usize::try_from(length).ok();
        let fits = fits.filter(|length| *length <= self.geometry.payload_bytes());
        let length = fits.ok_or_else(|| broken("a frame no longer than its channel's slots"))?;
        let mut head = [0; SLOT_HEAD_BYTES];
        self.fill(&mut head, self.geometry.slot_header_at(slot) as u64)?;
        let mut expected = [0; SLOT_HEAD_BYTES];
        expected[..8].copy_from_slice(&(seq << 1).to_le_bytes());
        expected[layout::slot::LENGTH..].copy_from_slice(&(length as u64).to_le_bytes());
        if head != expected {
            return Err(broken("the frame that was announced, in its file,"));
        }
        let mut bytes = vec![0; length];
        self.fill(&mut bytes, offset)?;
        Ok(bytes)
    }

    fn fill(&self, bytes: &mut [u8], at: u64) -> Result<(), NextError> {
        let filled = self.file.read_exact_at(bytes, at);
        filled.map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => broken("a file as long as it was"),
            _ => NextError::File(error),
        })
    }
}

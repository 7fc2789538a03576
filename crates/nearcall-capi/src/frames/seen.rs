//! What was seen of a channel's frames.

use nearcall::frames::{Frame, FrameStream};

use super::options::bit;
use crate::abi::nearcall_frames_info;
use crate::abi::nearcall_frames_state::{self, *};

/// How it is with the frames, as of the last look.
#[derive(Debug)]
pub(super) struct Seen {
    state: nearcall_frames_state,
    tier: u32,
    epoch: u64,
    seq: u64,
    taken: u64,
    lost: u64,
    gaps: u64,
    restarts: u64,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            state: NEARCALL_FRAMES_OPENING,
            tier: 0,
            epoch: 0,
            seq: 0,
            taken: 0,
            lost: 0,
            gaps: 0,
            restarts: 0,
        }
    }
}

impl Seen {
    /// Takes note of how the frames come.
    pub(super) fn follow(&mut self, stream: &FrameStream) {
        self.tier = stream.tier().map_or(0, bit);
        self.state = match stream.tier() {
            Some(_) => NEARCALL_FRAMES_LIVE,
            None => NEARCALL_FRAMES_GONE,
        };
    }

    pub(super) fn took(&mut self, frame: &Frame) {
        if self.taken > 0 && self.epoch != frame.epoch() {
            self.restarts += 1;
        }
        self.state = NEARCALL_FRAMES_LIVE;
        self.epoch = frame.epoch();
        self.seq = frame.seq();
        self.taken += 1;
        self.lost += frame.lost();
        self.gaps += u64::from(frame.lost() > 0);
    }

    pub(super) fn end(&mut self) {
        self.state = NEARCALL_FRAMES_ENDED;
        self.tier = 0;
    }

    /// The channel is being opened again.
    pub(super) fn is_gone(&self) -> bool {
        self.state == NEARCALL_FRAMES_GONE
    }

    pub(super) fn info(&self, held: u32) -> nearcall_frames_info {
        nearcall_frames_info {
            // Place::set leaves the caller's.
            size: 0,
            state: self.state as u32,
            tier: self.tier,
            held,
            epoch: self.epoch,
            seq: self.seq,
            taken: self.taken,
            lost: self.lost,
            gaps: self.gaps,
            restarts: self.restarts,
        }
    }
}

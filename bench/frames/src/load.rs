//! What a system is put under.

use std::time::Duration;

use driver::Condition;

use crate::systems::{LOAN, Shape, System};

/// A picture of 1920 by 1080 in RGBA.
pub(crate) const PICTURE: usize = 1920 * 1080 * 4;

/// What is published to see how fast a reader wakes up.
pub(crate) const SMALL: usize = 64;

/// What readers take beside one that means harm: small enough to be taken a thousand times in a second.
pub(crate) const BESIDE: usize = 64 << 10;

/// The other sizes.
pub(crate) const SIZES: &[usize] = &[4 << 10, 64 << 10, 1 << 20, 32 << 20];

/// One frame of sixty in a second.
const PICTURE_PACE: Duration = Duration::from_micros(16_667);
const SMALL_PACE: Duration = Duration::from_millis(1);

/// One load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) part: Part,
    /// Bytes of a frame.
    pub(crate) payload: usize,
    pub(crate) readers: usize,
}

/// What it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Frames as fast as they go.
    Flow,
    /// The same, and readers look at nothing but that there is a frame.
    Handles,
    /// Frames at a pace, from publishing to the last byte read.
    Paced,
    /// The same beside a reader that only takes the processor.
    PacedBesideSpin,
    /// The same beside one that does what harm it can.
    PacedBesideEvil,
}

impl Load {
    const fn new(part: Part, payload: usize, readers: usize) -> Self {
        Self {
            part,
            payload,
            readers,
        }
    }

    /// From one frame to the next; zero is as fast as it goes.
    pub(crate) fn pace(self) -> Duration {
        match self.part {
            Part::Flow | Part::Handles => Duration::ZERO,
            _ if self.payload < PICTURE => SMALL_PACE,
            _ => PICTURE_PACE,
        }
    }

    /// The variant of a reader that is there too, and is no part of what is measured.
    pub(crate) fn stranger(self) -> Option<&'static str> {
        match self.part {
            Part::PacedBesideSpin => Some("spin"),
            Part::PacedBesideEvil => Some("evil"),
            _ => None,
        }
    }

    /// All loads under a condition, in their order.
    pub(crate) fn all(condition: Condition, smoke: bool) -> Vec<Self> {
        use Part::{Flow, Handles, Paced, PacedBesideEvil, PacedBesideSpin};
        let picture = if smoke { 128 << 10 } else { PICTURE };
        let mut all = vec![
            Self::new(Flow, picture, 1),
            Self::new(Paced, picture, 1),
            Self::new(Paced, SMALL, 1),
        ];
        if condition != Condition::Def {
            return all;
        }
        let sizes = if smoke { &SIZES[..1] } else { SIZES };
        all.extend(sizes.iter().map(|size| Self::new(Flow, *size, 1)));
        let several: &[usize] = if smoke { &[4] } else { &[4, 16] };
        all.extend(several.iter().map(|count| Self::new(Flow, picture, *count)));
        let several: &[usize] = if smoke { &[1, 4] } else { &[1, 16] };
        all.extend(
            several
                .iter()
                .map(|count| Self::new(Handles, picture, *count)),
        );
        all.push(Self::new(PacedBesideSpin, BESIDE, 1));
        all.push(Self::new(PacedBesideEvil, BESIDE, 1));
        if !smoke {
            all.push(Self::new(Paced, BESIDE, 1));
        }
        all
    }

    /// Whether a system is put under it.
    pub(crate) fn suits(self, system: &System) -> bool {
        match (self.part, system.shape) {
            (Part::PacedBesideSpin | Part::PacedBesideEvil, _) => system.name == LOAN,
            (Part::Paced, shape) => match self.payload {
                SMALL => system.name == LOAN || shape == Shape::Small,
                BESIDE => system.name == LOAN,
                _ => matches!(shape, Shape::Pair | Shape::Many),
            },
            (Part::Handles, shape) => shape == Shape::Many,
            (Part::Flow, Shape::Alone | Shape::Pair) => self.readers == 1,
            (Part::Flow, Shape::Many) => true,
            (Part::Flow, Shape::Small) => false,
        }
    }
}

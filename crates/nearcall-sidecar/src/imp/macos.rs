//! What macOS has beyond any Unix: no `/proc`, and so one way less.

use crate::tier::Tier;

pub(crate) const TIERS: [Tier; 2] = [Tier::Broker, Tier::Inline];

pub(crate) const USUAL_TIERS: [Tier; 2] = TIERS;

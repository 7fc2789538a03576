//! What Linux has beyond any Unix.

use crate::tier::Tier;

pub(crate) const TIERS: [Tier; 4] = [Tier::Broker, Tier::Proc, Tier::File, Tier::Inline];

pub(crate) const USUAL_TIERS: [Tier; 3] = [Tier::Broker, Tier::Proc, Tier::Inline];

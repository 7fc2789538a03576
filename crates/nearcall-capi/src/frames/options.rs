//! How a channel is opened, read from the struct of the header.

use std::time::Duration;

use nearcall::frames::channel_limits::PINS_MAX;
use nearcall::frames::{Options, Policy, Then, Tier};

use crate::abi::nearcall_frames_options;
use crate::fault::Fault;

/// The values of `nearcall_frames_policy`.
const LATEST: u32 = crate::abi::nearcall_frames_policy::NEARCALL_FRAMES_LATEST as u32;
const DROP_OLDEST: u32 = crate::abi::nearcall_frames_policy::NEARCALL_FRAMES_DROP_OLDEST as u32;
const BLOCK: u32 = crate::abi::nearcall_frames_policy::NEARCALL_FRAMES_BLOCK as u32;
const SAMPLE: u32 = crate::abi::nearcall_frames_policy::NEARCALL_FRAMES_SAMPLE as u32;

/// The values of `nearcall_frames_then`.
const DROP_NEW: u32 = crate::abi::nearcall_frames_then::NEARCALL_THEN_DROP_NEW as u32;
const DEMOTE: u32 = crate::abi::nearcall_frames_then::NEARCALL_THEN_DEMOTE as u32;
const EVICT: u32 = crate::abi::nearcall_frames_then::NEARCALL_THEN_EVICT as u32;

/// Those of every system, so that one program may name them all.
const TIERS: [Tier; 5] = [
    Tier::Broker,
    Tier::Handle,
    Tier::Proc,
    Tier::File,
    Tier::Inline,
];

/// The bit of a tier.
pub(super) const fn bit(tier: Tier) -> u32 {
    use crate::abi::nearcall_tier::*;
    match tier {
        Tier::Broker => NEARCALL_TIER_BROKER as u32,
        Tier::Proc => NEARCALL_TIER_PROC as u32,
        Tier::File => NEARCALL_TIER_FILE as u32,
        Tier::Inline => NEARCALL_TIER_INLINE as u32,
        Tier::Handle => NEARCALL_TIER_HANDLE as u32,
        // One that a later version adds has no bit yet.
        _ => NEARCALL_TIER_NONE as u32,
    }
}

pub(super) fn read(asked: &nearcall_frames_options) -> Result<Options, Fault> {
    let tiers = crate::options::flags(asked.tiers, TIERS.into_iter().map(bit).sum())?;
    let mut options = Options {
        policy: policy(asked)?,
        ..Options::default()
    };
    if tiers != 0 {
        let asked = Tier::ALL.into_iter().filter(|tier| tiers & bit(*tier) != 0);
        options.tiers = asked.collect();
    }
    match asked.pins {
        0 => {}
        pins if pins <= PINS_MAX => options.pins = pins,
        pins => {
            return Err(Fault::Argument(format!(
                "expected 1 to {PINS_MAX} `pins`, found {pins}"
            )));
        }
    }
    if asked.inline_below != 0 {
        options.inline_below = asked.inline_below;
    }
    Ok(options)
}

fn policy(asked: &nearcall_frames_options) -> Result<Policy, Fault> {
    Ok(match asked.policy {
        LATEST => Policy::Latest,
        DROP_OLDEST => Policy::DropOldest { depth: asked.depth },
        BLOCK => Policy::Block {
            max_wait: Duration::from_millis(asked.max_wait_ms.into()),
            then: match asked.then {
                DROP_NEW => Then::DropNew,
                DEMOTE => Then::Demote,
                EVICT => Then::Evict,
                other => return Err(unknown("then", other)),
            },
        },
        SAMPLE => Policy::Sample { hz: asked.hz },
        other => return Err(unknown("policy", other)),
    })
}

/// Refuses what a version of the header knows and this one does not.
fn unknown(what: &'static str, found: u32) -> Fault {
    Fault::Argument(format!("`{what}` has no value {found}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearcall::frames::limits;

    fn asked() -> nearcall_frames_options {
        nearcall_frames_options {
            size: size_of::<nearcall_frames_options>() as u32,
            policy: 0,
            depth: 3,
            hz: 30,
            max_wait_ms: 20,
            then: EVICT,
            pins: 0,
            tiers: 0,
            inline_below: 0,
        }
    }

    #[test]
    fn nothing_asked_for_is_the_default() {
        assert_eq!(read(&asked()).unwrap(), Options::default());
        assert_eq!(limits::INLINE_BELOW, 65_536, "the header says so");
        assert_eq!(limits::PINS, 2, "the header says so");
    }

    #[test]
    fn what_is_asked_for_is_read() {
        let check = |policy, expected: Option<Policy>| {
            let options = read(&nearcall_frames_options { policy, ..asked() });
            assert_eq!(options.ok().map(|options| options.policy), expected);
        };
        check(1, Some(Policy::DropOldest { depth: 3 }));
        let max_wait = Duration::from_millis(20);
        let then = Then::Evict;
        check(2, Some(Policy::Block { max_wait, then }));
        check(3, Some(Policy::Sample { hz: 30 }));
        check(4, None);
        let tiers = |tiers| read(&nearcall_frames_options { tiers, ..asked() }).ok();
        let (on_linux, on_windows) = if cfg!(windows) {
            (vec![], vec![Tier::Handle])
        } else {
            (vec![Tier::File], vec![])
        };
        assert_eq!(tiers(8).unwrap().tiers, on_linux);
        assert_eq!(tiers(16).unwrap().tiers, on_windows);
        assert_eq!(tiers(31).unwrap().tiers, Tier::ALL);
        assert_eq!(tiers(32), None);
        let pins = |pins| read(&nearcall_frames_options { pins, ..asked() }).ok();
        assert_eq!(pins(16).unwrap().pins, 16);
        assert_eq!(pins(17), None);
    }
}

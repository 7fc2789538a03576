//! Policies.

use std::time::Duration;

use nearcall_frames::{Policy, Then};
use nearcall_proto::frames::v1 as wire;
use wire::policy::Kind;

/// The policy that a message asks for; none where it is of no kind that there is.
pub(crate) fn read_policy(policy: Option<wire::Policy>) -> Option<Policy> {
    let Some(kind) = policy.and_then(|policy| policy.kind) else {
        return Some(Policy::Latest);
    };
    Some(match kind {
        Kind::Latest(wire::Latest {}) => Policy::Latest,
        Kind::DropOldest(wire::DropOldest { depth }) => Policy::DropOldest { depth },
        Kind::Sample(wire::Sample { hz }) => Policy::Sample { hz },
        Kind::Block(block) => Policy::Block {
            max_wait: Duration::from_millis(block.max_wait_ms.into()),
            then: match wire::Then::try_from(block.then).ok()? {
                wire::Then::Unspecified | wire::Then::DropNew => Then::DropNew,
                wire::Then::Demote => Then::Demote,
                wire::Then::Evict => Then::Evict,
            },
        },
    })
}

pub(crate) fn write_policy(policy: Policy) -> wire::Policy {
    let kind = match policy {
        Policy::DropOldest { depth } => Kind::DropOldest(wire::DropOldest { depth }),
        Policy::Sample { hz } => Kind::Sample(wire::Sample { hz }),
        Policy::Block { max_wait, then } => Kind::Block(wire::Block {
            max_wait_ms: u32::try_from(max_wait.as_millis()).unwrap_or(u32::MAX),
            then: match then {
                Then::Demote => wire::Then::Demote,
                Then::Evict => wire::Then::Evict,
                _ => wire::Then::DropNew,
            }
            .into(),
        }),
        _ => Kind::Latest(wire::Latest {}),
    };
    wire::Policy { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_come_back_as_they_went() {
        let block = |then| Policy::Block {
            max_wait: Duration::from_millis(250),
            then,
        };
        let policies = [
            Policy::Latest,
            Policy::DropOldest { depth: 4 },
            Policy::Sample { hz: 30 },
            block(Then::DropNew),
            block(Then::Demote),
            block(Then::Evict),
        ];
        for policy in policies {
            assert_eq!(read_policy(Some(write_policy(policy))), Some(policy));
        }
        assert_eq!(read_policy(None), Some(Policy::Latest));
        let strange = wire::Block {
            max_wait_ms: 1,
            then: 77,
        };
        let kind = Some(Kind::Block(strange));
        assert_eq!(read_policy(Some(wire::Policy { kind })), None);
    }
}

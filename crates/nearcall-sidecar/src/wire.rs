//! From messages to the types of frames and back. What a peer sent is checked here, once.

mod info;
mod policy;

use nearcall_frames::{Geometry, GeometryError, Identity};
use nearcall_proto::frames::v1 as wire;

pub(crate) use info::{read_info, write_info};
pub(crate) use policy::{read_policy, write_policy};

pub(crate) fn write_geometry(geometry: &Geometry) -> wire::Geometry {
    wire::Geometry {
        slots: geometry.slots(),
        payload_bytes: geometry.payload_bytes() as u64,
        history: geometry.history(),
        region_bytes: geometry.region_bytes() as u64,
    }
}

pub(crate) fn write_region(identity: Identity, geometry: &Geometry, path: String) -> wire::Region {
    wire::Region {
        epoch: identity.epoch,
        channel: identity.channel,
        region: identity.region,
        geometry: Some(write_geometry(geometry)),
        path,
    }
}

/// What a server says of a region; none where it does not say it all.
pub(crate) fn read_region(
    region: &wire::Region,
) -> Option<Result<(Identity, Geometry), GeometryError>> {
    let identity = Identity {
        epoch: region.epoch,
        channel: region.channel,
        region: region.region,
    };
    let wire::Geometry {
        slots,
        payload_bytes,
        history,
        ..
    } = region.geometry?;
    let payload_bytes = usize::try_from(payload_bytes).unwrap_or(usize::MAX);
    let geometry = Geometry::new(slots, payload_bytes, history);
    Some(geometry.map(|geometry| (identity, geometry)))
}

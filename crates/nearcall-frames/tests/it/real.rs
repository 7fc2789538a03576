//! Channels in memory whose leases are in place, so that a frame that is written over shows as one. On the heap a lease is
//! a copy, which nothing can change.

use nearcall_frames::{Geometry, Policy, Reader, Writer};

use super::{IDENTITY, granted};

#[cfg(any(target_os = "linux", target_os = "macos"))]
mod memory {
    use std::os::fd::{AsFd, OwnedFd};

    use nearcall_sys::memory::{ReadOnly, Writable, make_region, open_region};

    pub(crate) type Data = Writable;
    pub(crate) type View = ReadOnly;

    /// What views of a region are made from.
    pub(crate) struct Region(OwnedFd, usize);

    pub(super) fn make(bytes: usize) -> (Data, Region) {
        let (data, descriptor) = make_region("frames-test", bytes).unwrap();
        (data, Region(descriptor, bytes))
    }

    impl Region {
        pub(crate) fn view(&self) -> View {
            open_region(self.0.as_fd(), self.1).unwrap()
        }
    }
}

#[cfg(windows)]
mod memory {
    use std::os::windows::io::{AsHandle, OwnedHandle};

    use nearcall_sys::memory::{ReadOnly, Writable, make_region, open_region};

    pub(crate) type Data = Writable;
    pub(crate) type View = ReadOnly;

    /// What views of a region are made from.
    pub(crate) struct Region(OwnedHandle, usize);

    pub(super) fn make(bytes: usize) -> (Data, Region) {
        let (data, handle) = make_region("frames-test", bytes).unwrap();
        (data, Region(handle, bytes))
    }

    impl Region {
        pub(crate) fn view(&self) -> View {
            open_region(self.0.as_handle(), self.1).unwrap()
        }
    }
}

/// Where there are no regions yet, the heap has to do.
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod memory {
    use std::sync::Arc;

    use nearcall_frames::memory::Heap;

    pub(crate) type Data = Arc<Heap>;
    pub(crate) type View = Arc<Heap>;

    pub(crate) struct Region(Arc<Heap>);

    pub(super) fn make(bytes: usize) -> (Data, Region) {
        let data = Arc::new(Heap::new(bytes));
        (Arc::clone(&data), Region(data))
    }

    impl Region {
        pub(crate) fn view(&self) -> View {
            Arc::clone(&self.0)
        }
    }
}

pub(crate) use memory::{Data, Region, View};

pub(crate) fn channel(slots: u32, payload_bytes: usize, history: u32) -> (Writer<Data>, Region) {
    let geometry = Geometry::new(slots, payload_bytes, history).unwrap();
    let (data, region) = memory::make(geometry.region_bytes());
    (Writer::new(data, IDENTITY, geometry).unwrap(), region)
}

pub(crate) fn reader(
    writer: &mut Writer<Data>,
    region: &Region,
    policy: Policy,
    pins: u32,
) -> Reader<View> {
    let (grant, page) = granted(writer, policy, pins);
    Reader::attach(region.view(), Box::new(page), &grant).unwrap()
}

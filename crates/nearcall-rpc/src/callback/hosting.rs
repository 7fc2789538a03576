//! What a client hosts on its own connections.

use std::sync::Arc;

use nearcall_proto::table::Described;
use tonic::server::NamedService;

use crate::limits::Limits;
use crate::raw::RawService;
use crate::server::calls::Calls;
use crate::server::connection::{Stack, stack};
use crate::server::router::{Router, Served};

/// The services of a channel in the making.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosting {
    router: Router,
    pub(crate) limits: Limits,
}

impl Hosting {
    pub(crate) fn add<S: Served + Described + NamedService>(&mut self, service: S) {
        let (table, direct) = (S::SERVICE, service.direct());
        self.router
            .add_direct(table.name, table.methods, service, direct);
    }

    pub(crate) fn add_raw(&mut self, service: RawService) {
        self.router.add_raw(service);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.router.names().is_empty()
    }

    /// What the connections of one channel share; none where nothing is hosted.
    pub(crate) fn host(self) -> Option<Host> {
        let calls = Arc::new(Calls::new(&self.limits));
        (!self.is_empty()).then_some(Host {
            hosting: self,
            calls,
        })
    }
}

/// The services of a channel, and the calls to them that are being carried out.
#[derive(Debug)]
pub(crate) struct Host {
    hosting: Hosting,
    calls: Arc<Calls>,
}

impl Host {
    /// The services, behind the layers that a server has.
    pub(crate) fn stack(&self) -> Stack {
        let Hosting { router, limits } = &self.hosting;
        stack(router, &self.calls, limits, None)
    }

    pub(super) fn services(&self) -> Vec<String> {
        let names = self.hosting.router.names();
        names.into_iter().map(str::to_owned).collect()
    }
}

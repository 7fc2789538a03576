//! Calls from a server to what its client hosts, over the client's own connection.
//!
//! On the lane either side calls, so a [`Caller`] is the connection itself. Over gRPC the client opens one stream of the
//! service `nearcall.callback.v1.Callbacks`; at each end of it a [`relay`] speaks the lane within the process and the words
//! of that service to the peer. So both wires end in the same channel on one side, and in the same layers on the other.

mod hosting;
mod open;
mod relay;
mod run;
mod service;
mod stands;
mod words;

use std::sync::Arc;

use nearcall_transport::Peer;
use tonic::Request;

pub(crate) use hosting::{Host, Hosting};
pub(crate) use open::open;
pub(crate) use service::{HOST_PATH, service};
pub(crate) use stands::Stands;

use crate::channel::{Channel, Sender};
use crate::lane::Lane;

/// A channel to the client that made a call, over the client's own connection: for handlers that call what the client
/// hosts ([`ChannelBuilder::host`](crate::ChannelBuilder::host)), now or later.
///
/// None where there is no way back: the client came by gRPC and hosts nothing, or the call went through a bridge or came
/// without a server in between. A client on the lane that hosts nothing answers UNIMPLEMENTED.
///
/// The channel ends with the connection; its calls are UNAVAILABLE from then on, and when the client comes back it is by
/// another connection. Calls made in the handler's own task have the deadline of the call that is being served.
///
/// ```
/// use nearcall_rpc::{Channel, caller};
/// use tonic::{Request, Status};
///
/// fn listener<T>(request: &Request<T>) -> Result<Channel, Status> {
///     caller(request).ok_or_else(|| Status::failed_precondition("host a listener, then call this"))
/// }
/// ```
#[must_use]
pub fn caller<T>(request: &Request<T>) -> Option<Channel> {
    let peer = request.extensions().get::<Peer>()?;
    peer.attached::<Caller>()?.channel()
}

/// The way back to a client; every call of its connection has it with its peer.
#[derive(Debug)]
pub(crate) enum Caller {
    /// The connection itself.
    Lane(Lane),
    /// The stream that the client opened for it, if it did.
    Grpc(Arc<Stands>),
}

impl Caller {
    fn channel(&self) -> Option<Channel> {
        let lane = match self {
            Self::Lane(lane) => lane.clone(),
            Self::Grpc(stands) => stands.lane()?,
        };
        Some(Channel::given(Sender::Lane(lane)))
    }
}

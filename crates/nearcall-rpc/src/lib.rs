#![doc = include_str!("../README.md")]

pub mod blocking;
mod body;
mod callback;
pub mod channel;
mod context;
mod deadline;
pub mod inspect;
mod lane;
mod layer;
pub mod limits;
pub mod proxy;
pub mod raw;
pub mod registry;
mod report;
pub mod resolve;
pub mod server;
pub mod status;
pub mod stub;
mod timeout;
mod trace;
mod wire;

pub use body::RequestBody;
pub use callback::caller;
pub use channel::{Channel, ChannelBuilder, ConnectError, ResponseBody, WaitForReady};
pub use context::{Context, Scope};
pub use layer::trail::Trailers;
pub use limits::Limits;
pub use nearcall_proto::table::Described;
pub use server::{Bound, CutCall, Drained, HealthSwitch, ServeError, Served, Server, Session};
pub use status::Reason;
pub use trace::TraceContext;
pub use wire::Wire;

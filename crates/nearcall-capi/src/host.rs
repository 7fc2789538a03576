//! Servers in this process: services that other processes call, answered by C.

mod call;
mod gate;
mod serve;

use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nearcall::raw::RawService;
use nearcall::{ChannelBuilder, HealthSwitch, Server, tokio};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use call::*;
pub(crate) use serve::Served;

use crate::abi::nearcall_event_kind::NEARCALL_EVENT_NONE;
use crate::abi::{
    nearcall_event, nearcall_host, nearcall_host_options, nearcall_result, nearcall_served,
    nearcall_served_fn,
};
use crate::boundary::{Out, Room, bytes, enter, text};
use crate::channel::method;
use crate::fault::{Fault, in_full};
use crate::inbox::{Found, Inbox};
use crate::options::{self, time};
use crate::runtime::{may_wait, running};
use crate::table;
use crate::versioned::{self, EventPlace, bare_event};
use gate::Gate;
use serve::{Shared, Sink};

/// Limit: events of one host that nobody has looked at yet, where it is polled; callers wait when there are as many.
pub(crate) const HOST_EVENTS_MAX: usize = 1_024;

/// Limit: how long a host that is closed waits for the calls in flight, where its options say nothing.
pub(crate) const HOST_DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// Limit: how long the callbacks for the last events of a host's streams may take once its server is gone.
pub(crate) const LAST_EVENTS_TIMEOUT: Duration = Duration::from_secs(2);

/// A server in this process.
#[derive(Debug)]
pub(crate) struct Host {
    target: String,
    limits: nearcall::Limits,
    state: Mutex<State>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
enum State {
    /// The methods by service.
    New(BTreeMap<String, RawService>),
    /// The same, which channels host on their own connections.
    Lent(BTreeMap<String, RawService>),
    Serving(Serving),
    Closed,
}

#[derive(Debug)]
struct Serving {
    addresses: Vec<String>,
    health: HealthSwitch,
    stop: CancellationToken,
    done: CancellationToken,
}

impl Host {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a channel in the making host the methods.
    pub(crate) fn lend(&self, builder: ChannelBuilder) -> Result<ChannelBuilder, Fault> {
        let mut state = self.state();
        let services = match &mut *state {
            State::New(services) | State::Lent(services) if !services.is_empty() => {
                std::mem::take(services)
            }
            State::New(_) | State::Lent(_) => return Err(Fault::State("the host has no method")),
            State::Serving(_) | State::Closed => {
                return Err(Fault::State("the host has started, or is closed"));
            }
        };
        let builder = services.values().fold(builder, |builder, service| {
            builder.host_raw(service.clone())
        });
        *state = State::Lent(services);
        Ok(builder.hosting_limits(self.limits.clone()))
    }

    fn begun(&self) -> Result<(Vec<String>, HealthSwitch), Fault> {
        match &*self.state() {
            State::Serving(serving) => Ok((serving.addresses.clone(), serving.health.clone())),
            State::New(_) | State::Lent(_) | State::Closed => Err(NOT_STARTED),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let State::Serving(serving) = &*self.state() {
            serving.stop.cancel();
        }
        self.shared.arrivals.end(());
    }
}

const NOT_STARTED: Fault = Fault::State("the host has not started");

/// A server at a name, such as "arena", or at an address, such as "unix:/tmp/arena.sock"; it does not listen yet. With "" it
/// never does, and is for channels to host on their own connections: see nearcall_channel_options. From any thread.
/// `options` may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_host_new(
    target: *const c_char,
    options: *const nearcall_host_options,
    host: *mut nearcall_host,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a text or null.
        let target = unsafe { text(target, "target") }?;
        // SAFETY: the header asks for a struct that says its size, or null.
        let options = unsafe { versioned::read::<nearcall_host_options>(options) }?;
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(host, "host") }?;
        options::flags(options.flags, 0)?;
        let mut limits = nearcall::Limits::default();
        limits.unary_deadline = time(options.unary_deadline_ms, limits.unary_deadline);
        limits.drain_timeout =
            time(options.drain_timeout_ms, Some(HOST_DRAIN_TIMEOUT)).unwrap_or(Duration::MAX);
        out.set(table::insert(Arc::new(Host {
            target: target.to_owned(),
            limits,
            state: Mutex::new(State::New(BTreeMap::new())),
            shared: Arc::new(Shared {
                gate: Gate::default(),
                arrivals: Inbox::new(HOST_EVENTS_MAX),
                tellers: TaskTracker::new(),
            }),
        }))?);
        Ok(())
    })
}

/// Adds a method before the host starts: `path` is "/package.Service/Method", `kind` a nearcall_method_kind. Its calls are
/// told to `on_event` with `context`; where that is null, they are found by nearcall_host_poll. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_host_method(
    host: nearcall_host,
    path: *const c_char,
    kind: u32,
    on_event: nearcall_served_fn,
    context: *mut c_void,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a text or null.
        let path = method(unsafe { text(path, "path") }?)?;
        let streaming = match kind {
            0 => false,
            1 => true,
            other => {
                return Err(Fault::Argument(format!(
                    "expected a nearcall_method_kind, 0 or 1, found {other}"
                )));
            }
        };
        let host = table::find::<Host>(host)?;
        let sink = Sink::new(on_event, context, &host.shared);
        let mut state = host.state();
        let State::New(services) = &mut *state else {
            return Err(Fault::State(
                "the host has started: its methods are settled",
            ));
        };
        let service = match services.remove(path.service()) {
            Some(service) => service,
            None => RawService::new(path.service())
                .map_err(|error| Fault::Argument(error.to_string()))?,
        };
        let service = service
            .method(path.method(), streaming, serve::answer(sink, streaming))
            .map_err(|error| Fault::Argument(error.to_string()))?;
        services.insert(path.service().to_owned(), service);
        Ok(())
    })
}

/// Describes a service, by its full name, before the host starts: an encoded google.protobuf.FileDescriptorSet that holds its
/// file and all imports, as `protoc --include_imports --descriptor_set_out` writes it. With it `nearcall describe`, `nearcall
/// call` and grpcurl know the service's messages. NEARCALL_ERROR_NOT_FOUND where no method of the service was added. From any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_host_describe(
    host: nearcall_host,
    service: *const c_char,
    descriptors: *const u8,
    descriptors_len: usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a text or null.
        let name = unsafe { text(service, "service") }?;
        // SAFETY: the header asks for `descriptors_len` bytes.
        let descriptors = unsafe { bytes(descriptors, descriptors_len, "descriptors") }?;
        let host = table::find::<Host>(host)?;
        let mut state = host.state();
        let State::New(services) = &mut *state else {
            return Err(Fault::State(
                "the host has started: its methods are settled",
            ));
        };
        let service = services.get_mut(name);
        let service = service.ok_or_else(|| Fault::NotFound(format!("method of {name:?}")))?;
        *service = service.clone().described(descriptors.to_vec());
        Ok(())
    })
}

/// Begins to listen; calls come as soon as this returns, or before. Health (grpc.health.v1) and reflection are there without
/// being asked for, and the services are SERVING. NEARCALL_ERROR_LISTEN where the name is taken or the address cannot be
/// used. Signals stay the program's own. Waits; not from a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_host_start(host: nearcall_host) -> nearcall_result {
    enter(|| {
        may_wait()?;
        let host = table::find::<Host>(host)?;
        let running = running()?;
        let mut state = host.state();
        let State::New(services) = &mut *state else {
            return Err(Fault::State("the host has started, or is closed"));
        };
        let stop = running.stopping();
        let server = Server::new(&host.target)
            .limits(host.limits.clone())
            .without_signals()
            .stop_when(stop.clone().cancelled_owned());
        let server = services.values().fold(server, |server, service| {
            server.add_raw_service(service.clone())
        });
        let health = server.health_switch();
        // Nobody else waits for the lock for long: the state says whether the host has started.
        let bound = running.wait(server.bind())?;
        let bound = bound.map_err(|error| Fault::Listen(in_full(&error)))?;
        let addresses = bound.addresses().iter().map(ToString::to_string).collect();
        let done = CancellationToken::new();
        let ended = done.clone().drop_guard();
        let shared = Arc::clone(&host.shared);
        running.spawn(async move {
            let _ended = ended;
            // What it says, it has logged; whoever calls learns that nobody is there.
            let _ = bound.serve().await;
            // Nobody may look any more, and the last events must not wait for it.
            shared.arrivals.end(());
            shared.tellers.close();
            let _ = tokio::time::timeout(LAST_EVENTS_TIMEOUT, shared.tellers.wait()).await;
        });
        *state = State::Serving(Serving {
            addresses,
            health,
            stop,
            done,
        });
        Ok(())
    })
}

/// Where the host listens, in full, as text with a NUL: what another process may dial. `needed`, if not null, is set to the
/// bytes that it takes. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_host_address(
    host: nearcall_host,
    address: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for `capacity` bytes, and for a place or null.
        let room = unsafe { Room::new(address.cast(), capacity, needed) };
        let (addresses, _) = table::find::<Host>(host)?.begun()?;
        room.fill_text(addresses.first().map_or("", String::as_str))
    })
}

/// Says whether a service, by its full name, is SERVING; "" is the host as a whole. `serving` is 0 or 1. Waits for a moment;
/// not from a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_host_health(
    host: nearcall_host,
    service: *const c_char,
    serving: u32,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a text or null.
        let service = unsafe { text(service, "service") }?;
        let (_, health) = table::find::<Host>(host)?.begun()?;
        let service = service.to_owned();
        running()?.wait(async move { health.set(&service, serving != 0).await })
    })
}

/// Looks whether a call came, or something on one; NEARCALL_EVENT_NONE if not. For methods that were added without a callback:
/// `context`, if not null, is set to what the method was added with, which tells methods apart. The events are those of
/// nearcall_served_fn; a message is to be given to nearcall_buffer_free. Never waits: made for the loop of a game. From any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_host_poll(
    host: nearcall_host,
    event: *mut nearcall_event,
    call: *mut nearcall_served,
    context: *mut *mut c_void,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a struct that says its size, or null.
        let place = unsafe { EventPlace::new(event, "event") }?;
        // SAFETY: the header asks for places or null.
        let out = unsafe { Out::new(call, "call") }?;
        // SAFETY: as above.
        let context = unsafe { Out::maybe(context) };
        let host = table::find::<Host>(host)?;
        match host.shared.arrivals.take()? {
            Found::End(()) => return Err(Fault::Ended),
            Found::Item(arrival) => arrival.show(&place, &out, context.as_ref())?,
            Found::Nothing => {
                place.set(bare_event(NEARCALL_EVENT_NONE, 0));
                out.set(0);
            }
        }
        Ok(())
    })
}

/// Stops the host: nobody can connect any more, calls in flight have the time of its options, and are then cut off with
/// UNAVAILABLE. When this returns, no callback of this host runs or will run. Calls that were not answered keep their handles,
/// to be closed. Waits; not from a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_host_close(host: nearcall_host) -> nearcall_result {
    enter(|| {
        may_wait()?;
        let host = table::remove::<Host>(host)?;
        let state = std::mem::replace(&mut *host.state(), State::Closed);
        if let State::Serving(serving) = state {
            serving.stop.cancel();
            let waited = running()?.wait(serving.done.cancelled_owned());
            host.shared.gate.shut();
            host.shared.arrivals.clear();
            return waited;
        }
        if let State::Lent(_) = state {
            host.shared.arrivals.end(());
            host.shared.tellers.close();
            let tellers = host.shared.tellers.clone();
            // Streams whose channel was closed before have their last events still.
            let told =
                async move { tokio::time::timeout(LAST_EVENTS_TIMEOUT, tellers.wait()).await };
            let waited = running()?.wait(told).map(drop);
            host.shared.gate.shut();
            host.shared.arrivals.clear();
            return waited;
        }
        Ok(())
    })
}

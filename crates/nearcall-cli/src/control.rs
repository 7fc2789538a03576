//! The supervisor's own service: how `ps`, `down`, `restart` and `up -d` speak to the `up` that supervises a world.

mod client;
mod message;
mod server;

pub(crate) use client::{Remote, connect, is_gone, refuse_second, statuses, tell};
pub(crate) use server::{Served, bind};

/// The name under which the supervisor of `world` is called.
fn target(world: &crate::names::World) -> String {
    format!("{world}/{}", crate::config::SUPERVISOR_NAME)
}

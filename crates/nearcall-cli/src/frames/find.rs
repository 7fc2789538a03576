//! Which servers have frame channels, and which of them has the one that was asked for.

use nearcall::Channel;
use nearcall::frames::{Frame, FrameStream};
use nearcall::name::World;
use nearcall::proto::frames::v1 as wire;
use wire::frames_client::FramesClient;

use super::{Looked, Which};
use crate::output;
use crate::schema::servers::{self, Server};
use crate::world;

/// The service that servers with frame channels have.
const SERVICE: &str = "nearcall.frames.v1.Frames";

/// Limit: how long a frame may take to come.
pub(super) const FRAME_WAIT: std::time::Duration = std::time::Duration::from_secs(5);

/// A server and its channels.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) server: Server,
    pub(super) channels: Vec<wire::Channel>,
}

/// The servers of the world that have channels, or the one that is named.
pub(super) async fn all(at: Option<&str>) -> anyhow::Result<Vec<Found>> {
    let world = world::world()?;
    if let Some(at) = at {
        return Ok(vec![ask(at, &world).await?]);
    }
    let mut all = Vec::new();
    for entry in servers::of_world(&world)? {
        if entry.services.iter().any(|name| name == SERVICE) {
            match ask(&entry.name, &world).await {
                Ok(found) => all.push(found),
                Err(error) => output::note(format!("{} is left out: {error:#}", entry.name)),
            }
        }
    }
    Ok(all)
}

/// The server that has a channel.
pub(super) async fn one(which: &Which) -> anyhow::Result<Channel> {
    let mut all = all(which.at.as_deref()).await?;
    let has = |found: &Found| found.channels.iter().any(|one| one.name == which.channel);
    let having: Vec<_> = all.iter().filter(|found| has(found)).collect();
    if let [_, _, ..] = having[..] {
        let names: Vec<_> = having.iter().map(|one| one.server.name.as_str()).collect();
        return Err(output::failure(
            format!("{} have a channel {}", names.join(" and "), which.channel),
            "say which one: --at NAME",
        ));
    }
    let Some(place) = all.iter().position(has) else {
        let names = all.iter().flat_map(|found| &found.channels);
        let names: Vec<_> = names.map(|channel| channel.name.as_str()).collect();
        let there = if names.is_empty() {
            "there are none".to_owned()
        } else {
            format!("there is {}", names.join(", "))
        };
        return Err(output::failure(
            format!("no server has a channel {}; {there}", which.channel),
            "`nearcall frames list` shows what there is; start a server that has it, or look in another world (--world)",
        ));
    };
    Ok(all.swap_remove(place).server.channel)
}

/// Opens a channel, and takes its newest frame.
pub(super) async fn newest(looked: &Looked) -> anyhow::Result<(FrameStream, Frame)> {
    let which = &looked.which;
    let channel = one(which).await?;
    let mut stream = looked.options().open(&channel, &which.channel).await?;
    let next = tokio::time::timeout(FRAME_WAIT, stream.next()).await;
    let none = |why: String| {
        let advice = "`nearcall frames stat` shows whether frames are published";
        output::failure(format!("{} {why}", which.channel), advice)
    };
    let next = next.map_err(|_| none(format!("brought no frame within {FRAME_WAIT:?}")))?;
    let frame = next?.ok_or_else(|| none("ended before a frame came".to_owned()))?;
    Ok((stream, frame))
}

async fn ask(target: &str, world: &World) -> anyhow::Result<Found> {
    let server = servers::connect(target, world).await.map_err(|error| {
        let advised = output::advised(error.to_string(), error.advice());
        anyhow::Error::new(error).context(advised)
    })?;
    let mut client = FramesClient::new(server.channel.clone());
    let listed = client.list(wire::ListRequest {}).await;
    let channels = listed
        .map_err(|status| {
            output::failure(
                format!("{target} lists no frame channels: {}", status.message()),
                "`nearcall list` shows what it serves",
            )
        })?
        .into_inner()
        .channels;
    Ok(Found { server, channels })
}

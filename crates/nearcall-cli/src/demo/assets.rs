//! Loading: files decoded by one process into memory that this one maps; the loader is killed halfway, started anew by the
//! supervisor, and the rest comes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use nearcall::frames::{Bulk, Tier, take};
use nearcall::process;
use nearcall::proto::frames::v1 as frames;
use nearcall::raw::{self, CallOptions, MethodPath};
use nearcall::{Channel, Request};
use prost_reflect::prost::Message as _;
use prost_reflect::prost::bytes::Bytes;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage as _, Value};

use crate::names::World;
use crate::output::{self, bold};
use crate::registered;
use crate::schema::Schema;
use crate::session::Session;
use crate::supervise::{State, Status};

/// The name in `nearcall.toml`.
pub(super) const SERVER: &str = "assets";

const SERVICE: &str = "assets.v1.Assets";

/// How many assets have come when the loader is killed.
const BEFORE: usize = 3;

/// How long one load may take, on a machine that is busy with other things.
const LOAD_WAIT: Duration = Duration::from_secs(60);

/// How long the supervisor may take to start the loader anew.
const RESTART_WAIT: Duration = Duration::from_secs(30);

/// What has come so far.
#[derive(Debug, Default)]
struct Loaded {
    /// By path: the hash of the file, and what is in it.
    assets: BTreeMap<String, (Bytes, Bulk)>,
    failed: Vec<String>,
    skipped: usize,
    file_bytes: u64,
}

/// Loads all files with the loader killed in between; answers whether everything came, once.
pub(super) async fn show(session: &Session, world: &World) -> anyhow::Result<bool> {
    let begun = Instant::now();
    let mut loaded = Loaded::default();
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:24} {bytes}/{total_bytes} {wide_msg:.dim}")
    {
        bar.set_style(style);
    }
    let first = pid(session).context("the loader has no process")?;
    load(world, &mut loaded, &bar, Some(BEFORE)).await?;
    process::kill(first).with_context(|| format!("cannot kill the loader, process {first}"))?;
    let killed = Instant::now();
    let second = tokio::time::timeout(RESTART_WAIT, started_anew(session, first)).await;
    let second = second.context("the supervisor did not start the loader anew")?;
    let away = killed.elapsed();
    let before = loaded.assets.len();
    load(world, &mut loaded, &bar, None).await?;
    bar.finish_and_clear();

    let bytes: usize = loaded.assets.values().map(|(_, bulk)| bulk.len()).sum();
    let mapped = loaded
        .assets
        .values()
        .filter(|(_, bulk)| bulk.tier() != Tier::Inline);
    // Memory of the loader that is no more is read as well.
    let sum = |bulk: &Bulk| bulk.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    let is_there = loaded.assets.values().all(|(_, bulk)| sum(bulk) > 0);
    output::line("")?;
    output::line(format_args!(
        "{} loaded {} files of {:.1} KiB as {:.1} MiB of textures, sounds and meshes in {:.1} s, {} of them in shared memory",
        bold(SERVICE),
        loaded.assets.len(),
        loaded.file_bytes as f64 / 1_024.0,
        bytes as f64 / 1_048_576.0,
        begun.elapsed().as_secs_f64(),
        mapped.count(),
    ))?;
    output::line(format_args!(
        "killed the loader, process {first}, after {before} of them; process {second} served {:.1} s later and loaded the other {}",
        away.as_secs_f64(),
        loaded.assets.len() - before,
    ))?;
    for path in &loaded.failed {
        output::line(format_args!("not loaded: {path}"))?;
    }
    let good = before == BEFORE
        && loaded.skipped == before
        && loaded.assets.len() > before
        && loaded.failed.is_empty()
        && is_there;
    Ok(good)
}

fn status(session: &Session) -> Option<Status> {
    let mut all = session.statuses().into_iter();
    all.find(|status| status.name.to_string() == SERVER)
}

fn pid(session: &Session) -> Option<u32> {
    status(session)?.pid
}

/// The process of the loader that took the place of another.
async fn started_anew(session: &Session, before: u32) -> u32 {
    loop {
        let now = status(session).filter(|status| status.state == State::Serving);
        if let Some(pid) = now
            .and_then(|status| status.pid)
            .filter(|pid| *pid != before)
        {
            return pid;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Loads what is not there yet, until so many assets have come.
async fn load(
    world: &World,
    loaded: &mut Loaded,
    bar: &ProgressBar,
    until: Option<usize>,
) -> anyhow::Result<()> {
    let address = registered::address(world, &SERVER.parse()?)
        .with_context(|| format!("{SERVER} serves and has no entry in world {world}"))?;
    let channel = nearcall::connect(address).await?;
    let mut schema = Schema::reflected(channel.clone());
    let method = schema.method(SERVICE, "Load").await?;
    let path = MethodPath::new(SERVICE, "Load")?;
    let request = asked(&method.input(), loaded)?;
    let requests = tokio_stream::iter([Bytes::from(request.encode_to_vec())]);
    let options = CallOptions::default().deadline(LOAD_WAIT);
    let answers = raw::call(channel.clone(), &path, Request::new(requests), options).await;
    let mut answers = answers?.into_inner();
    // What comes in chunks: path, hash, bytes so far, and how many there are to be.
    let mut begun: Option<(String, Bytes, Vec<u8>, u64)> = None;
    while let Some(answer) = answers.message().await? {
        let answer = DynamicMessage::decode(method.output(), answer)?;
        let Some((event, Value::Message(said))) = answer.fields().next() else {
            continue;
        };
        let path = text(said, "path");
        match event.name() {
            "progress" => {
                bar.set_length(number(said, "all_total"));
                bar.set_position(number(said, "all_done"));
                bar.set_message(path);
                loaded.file_bytes = number(said, "all_total");
            }
            "finished" => {
                let bulk = bulk(&channel, said).await?;
                let hash = bytes(said, "hash");
                if bulk.tier() == Tier::Inline {
                    begun = Some((path, hash, bulk.to_vec(), number(said, "length")));
                } else {
                    loaded.assets.insert(path, (hash, bulk));
                }
            }
            "chunk" => {
                if let Some((_, _, whole, _)) = &mut begun {
                    whole.extend(bytes(said, "bytes"));
                }
            }
            "failed" => loaded
                .failed
                .push(format!("{path}: {}", text(said, "message"))),
            "skipped" => loaded.skipped += 1,
            _ => {}
        }
        let is_whole =
            |(_, _, whole, length): &mut (_, _, Vec<u8>, u64)| whole.len() as u64 >= *length;
        if let Some((path, hash, whole, _)) = begun.take_if(is_whole) {
            loaded.assets.insert(path, (hash, Bulk::from(whole)));
        }
        if until.is_some_and(|until| loaded.assets.len() >= until) {
            return Ok(());
        }
    }
    Ok(())
}

/// Everything but what has come, in memory where that can be.
fn asked(request: &MessageDescriptor, loaded: &Loaded) -> anyhow::Result<DynamicMessage> {
    let mut message = DynamicMessage::new(request.clone());
    message.try_set_field_by_name("can_map", Value::Bool(true))?;
    let field = request.get_field_by_name("have");
    let have = field.and_then(|field| field.kind().as_message().cloned());
    let have = have.context("the loader takes no list of what has come")?;
    let mut all = Vec::new();
    for (path, (hash, _)) in &loaded.assets {
        let mut one = DynamicMessage::new(have.clone());
        one.try_set_field_by_name("path", Value::String(path.clone()))?;
        one.try_set_field_by_name("hash", Value::Bytes(hash.clone()))?;
        all.push(Value::Message(one));
    }
    message.try_set_field_by_name("have", Value::List(all))?;
    Ok(message)
}

async fn bulk(channel: &Channel, said: &DynamicMessage) -> anyhow::Result<Bulk> {
    let field = said.get_field_by_name("body");
    let body = field.as_deref().and_then(Value::as_message);
    let body = body.context("an asset came without its bytes")?;
    debug_assert_eq!(body.descriptor().full_name(), "nearcall.frames.v1.Bulk");
    let body = frames::Bulk::decode(&body.encode_to_vec()[..])?;
    Ok(take(channel, body).await?)
}

fn text(said: &DynamicMessage, field: &str) -> String {
    let value = said.get_field_by_name(field);
    value
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn number(said: &DynamicMessage, field: &str) -> u64 {
    let value = said.get_field_by_name(field);
    value.and_then(|value| value.as_u64()).unwrap_or_default()
}

fn bytes(said: &DynamicMessage, field: &str) -> Bytes {
    let value = said.get_field_by_name(field);
    value
        .and_then(|value| value.as_bytes().cloned())
        .unwrap_or_default()
}

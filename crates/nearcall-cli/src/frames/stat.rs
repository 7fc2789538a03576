//! `nearcall frames stat`.

use std::process::ExitCode;

use clap::Args;
use nearcall::proto::frames::v1 as wire;
use serde::Serialize;
use wire::frames_client::FramesClient;
use wire::policy::Kind;

use super::{Which, find};
use crate::output;

/// Show how a channel and each of its readers stand
#[derive(Debug, Args)]
pub(super) struct StatArgs {
    #[command(flatten)]
    which: Which,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A channel as it is shown.
#[derive(Debug, Serialize)]
struct Stat {
    channel: String,
    published: u64,
    dropped: u64,
    without_slot: u64,
    readers: Vec<Reader>,
}

/// A reader as it is shown.
#[derive(Debug, Serialize)]
struct Reader {
    reader: u64,
    pid: u32,
    tier: &'static str,
    /// Whether a reader by handles opened them by names.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    by_name: bool,
    policy: String,
    standing: &'static str,
    lag: u64,
    dropped: u64,
    held: u32,
    may_hold: u32,
    oldest_held_ms: u64,
}

pub(super) async fn run(args: StatArgs) -> anyhow::Result<ExitCode> {
    let channel = find::one(&args.which).await?;
    let name = args.which.channel;
    let request = wire::StatsRequest {
        channel: name.clone(),
    };
    let stats = FramesClient::new(channel).stats(request).await?;
    let stats = stats.into_inner();
    let stat = Stat {
        channel: name,
        published: stats.channel.map_or(0, |channel| channel.latest),
        dropped: stats.dropped,
        without_slot: stats.without_slot,
        readers: stats.subscriptions.into_iter().map(reader).collect(),
    };
    if args.json {
        output::json(&stat)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(format_args!(
        "{}: {} frames, {} dropped for a reader, {} dropped without a slot",
        output::bold(&stat.channel),
        stat.published,
        stat.dropped,
        stat.without_slot
    ))?;
    if stat.readers.is_empty() {
        output::line("nobody reads it")?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = output::table(["reader", "pid", "tier", "policy", "lag", "held", "standing"]);
    for reader in &stat.readers {
        table.add_row([
            reader.reader.to_string(),
            reader.pid.to_string(),
            reader.way(),
            reader.policy.clone(),
            reader.lag.to_string(),
            format!("{} of {}", reader.held, reader.may_hold),
            reader.standing.to_owned(),
        ]);
    }
    output::print_table(&table)?;
    Ok(ExitCode::SUCCESS)
}

impl Reader {
    /// How its frames come.
    fn way(&self) -> String {
        let how = if self.by_name { ", by name" } else { "" };
        format!("{}{how}", self.tier)
    }
}

fn reader(one: wire::Subscription) -> Reader {
    Reader {
        reader: one.subscription,
        pid: one.pid,
        tier: match one.tier() {
            wire::Tier::Broker => "broker",
            wire::Tier::Handle => "handle",
            wire::Tier::Proc => "proc",
            wire::Tier::File => "file",
            wire::Tier::Inline => "inline",
            wire::Tier::Unspecified => "polled",
        },
        by_name: one.named,
        policy: policy(one.policy),
        standing: match one.standing() {
            wire::Standing::Demoted => "demoted",
            wire::Standing::Evicted => "evicted",
            _ => "live",
        },
        lag: one.lag,
        dropped: one.dropped,
        held: one.pins,
        may_hold: one.pins_granted,
        oldest_held_ms: one.oldest_pin_age_ms,
    }
}

fn policy(policy: Option<wire::Policy>) -> String {
    match policy.and_then(|policy| policy.kind) {
        None | Some(Kind::Latest(_)) => "latest".to_owned(),
        Some(Kind::DropOldest(one)) => format!("drop oldest of {}", one.depth),
        Some(Kind::Block(one)) => format!("block {} ms", one.max_wait_ms),
        Some(Kind::Sample(one)) => format!("{} a second", one.hz),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_by_names_is_told_from_one_by_handles() {
        for (named, way, json) in [
            (false, "handle", None),
            (true, "handle, by name", Some(true)),
        ] {
            let reader = reader(wire::Subscription {
                tier: wire::Tier::Handle.into(),
                named,
                ..wire::Subscription::default()
            });
            assert_eq!(reader.way(), way);
            let shown = serde_json::to_value(&reader).expect("it has keys of text");
            assert_eq!(shown["tier"], "handle");
            assert_eq!(shown.get("by_name").and_then(|by| by.as_bool()), json);
        }
    }
}

//! `nearcall frames list`.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::find;
use crate::output;

/// List frame channels
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only those of this server: a name or an address
    #[arg(long, value_name = "TARGET")]
    at: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One channel as it is shown.
#[derive(Debug, Serialize)]
struct Row {
    server: String,
    channel: String,
    latest: u64,
    readers: u32,
    frame_bytes: u64,
    slots: u32,
    history: u32,
    memory_bytes: u64,
    epoch: String,
}

pub(super) async fn run(args: ListArgs) -> anyhow::Result<ExitCode> {
    let found = find::all(args.at.as_deref()).await?;
    let rows: Vec<_> = found
        .into_iter()
        .flat_map(|found| {
            let server = found.server.name;
            let rows = found.channels.into_iter();
            rows.map(move |channel| {
                let geometry = channel.geometry.unwrap_or_default();
                Row {
                    server: server.clone(),
                    channel: channel.name,
                    latest: channel.latest,
                    readers: channel.subscriptions,
                    frame_bytes: geometry.payload_bytes,
                    slots: geometry.slots,
                    history: geometry.history,
                    memory_bytes: geometry.region_bytes,
                    epoch: format!("{:016x}", channel.epoch),
                }
            })
        })
        .collect();
    if args.json {
        output::json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    if rows.is_empty() {
        output::note("no server has frame channels; `nearcall up` starts services");
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = output::table(["channel", "server", "latest", "readers", "frame", "slots"]);
    for row in &rows {
        table.add_row([
            row.channel.clone(),
            row.server.clone(),
            row.latest.to_string(),
            row.readers.to_string(),
            size(row.frame_bytes),
            row.slots.to_string(),
        ]);
    }
    output::print_table(&table)?;
    Ok(ExitCode::SUCCESS)
}

fn size(bytes: u64) -> String {
    const KIB: u64 = 1_024;
    match bytes {
        0..KIB => format!("{bytes} B"),
        KIB..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_short() {
        let check = |bytes, expected| assert_eq!(size(bytes), expected);
        check(0, "0 B");
        check(1_023, "1023 B");
        check(1_536, "1.5 KiB");
        check(3_686_400, "3.5 MiB");
    }
}

//! `nearcall logs`: what services printed, from their files, so that it works after everything stopped as well.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use crate::log_file::{Follow, Record, Source};
use crate::names::ServiceName;
use crate::output;
use crate::state_folder::StateFolder;
use crate::terminal::Names;
use crate::world::world;

/// How often followed files are looked at.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(100);

/// Show what services printed, also after they stopped.
#[derive(Debug, Args)]
#[command(after_help = "\
Lines come from $XDG_STATE_HOME/nearcall/WORLD/SERVICE.log (~/.local/state/... when that is not set), on Windows from \
%LOCALAPPDATA%\\nearcall-logs.
Lines that begin with * are the supervisor's, about the service.

Examples:
  nearcall logs                    the last lines of every service, by time
  nearcall logs arith -n 200       more of one
  nearcall logs -f                 and go on as they come
  nearcall logs --json | jq -r 'select(.source == \"err\") | .text'")]
pub(crate) struct LogsArgs {
    /// The services to show; all that have a log when none is named
    #[arg(value_name = "SERVICE")]
    services: Vec<ServiceName>,

    /// Go on showing lines as they come, until Ctrl-C
    #[arg(short, long)]
    follow: bool,

    /// How many lines of each service to begin with
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    lines: usize,

    /// One JSON object per line: at, service, source (out, err, sup), text
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct JsonRecord<'a> {
    at: String,
    service: &'a str,
    source: Source,
    text: &'a str,
}

pub(crate) async fn run(args: LogsArgs) -> anyhow::Result<ExitCode> {
    let world = world()?;
    let folder = StateFolder::of(&world)?;
    let wanted = |names: Vec<ServiceName>| -> BTreeSet<ServiceName> {
        let all = args.services.is_empty();
        names
            .into_iter()
            .filter(|name| all || args.services.contains(name))
            .collect()
    };
    let list = || {
        folder
            .logged()
            .with_context(|| format!("cannot list the logs in {}", folder.path().display()))
    };
    let mut known = wanted(list()?);
    if let Some(name) = args.services.iter().find(|name| !known.contains(name))
        && !args.follow
    {
        let logged: Vec<_> = list()?.iter().map(ToString::to_string).collect();
        return Err(output::failure(
            format!("{name} has no log in world {world}"),
            if logged.is_empty() {
                "start services with `nearcall up`; `nearcall doctor` says which world is in use"
                    .to_owned()
            } else {
                format!("there are logs of: {}", logged.join(", "))
            },
        ));
    }
    if known.is_empty() && !args.follow {
        output::note(format!("no service of world {world} has a log yet"));
        return Ok(ExitCode::SUCCESS);
    }

    let mut printer = Printer {
        names: Names::new(known.iter().cloned()),
        json: args.json,
    };
    let mut follows = Vec::new();
    let mut first: Vec<(ServiceName, Record)> = Vec::new();
    for name in &known {
        let (records, follow) = Follow::after_tail(&folder.log(name), args.lines)
            .with_context(|| format!("cannot read the log of {name}"))?;
        first.extend(records.into_iter().map(|record| (name.clone(), record)));
        follows.push((name.clone(), follow));
    }
    printer.print(first)?;
    if !args.follow {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        tokio::time::sleep(FOLLOW_INTERVAL).await;
        for name in wanted(list()?) {
            if known.insert(name.clone()) {
                // It is new, so all of it is.
                let (records, follow) = Follow::after_tail(&folder.log(&name), usize::MAX)?;
                printer.names = Names::new(known.iter().cloned());
                printer.print(
                    records
                        .into_iter()
                        .map(|record| (name.clone(), record))
                        .collect(),
                )?;
                follows.push((name, follow));
            }
        }
        let mut records = Vec::new();
        for (name, follow) in &mut follows {
            follow
                .poll(|record| records.push((name.clone(), record)))
                .with_context(|| format!("cannot go on reading the log of {name}"))?;
        }
        printer.print(records)?;
    }
}

struct Printer {
    names: Names,
    json: bool,
}

impl Printer {
    /// Prints records of several services in the order of their times.
    fn print(&self, mut records: Vec<(ServiceName, Record)>) -> anyhow::Result<()> {
        records.sort_by_key(|(_, record)| record.at);
        for (name, record) in records {
            if self.json {
                output::json_line(&JsonRecord {
                    at: humantime::format_rfc3339_millis(record.at).to_string(),
                    service: name.as_str(),
                    source: record.source,
                    text: &record.text,
                })?;
            } else {
                output::line(self.names.line(&name, &record))?;
            }
        }
        Ok(())
    }
}

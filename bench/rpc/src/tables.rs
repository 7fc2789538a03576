//! What came out, to read: on the terminal, and for the page.

use std::fmt::Write as _;

use driver::Condition;
use report::{Figures, Spread, number, ratios};

use crate::args::Plan;
use crate::build::Peers;
use crate::measure::{CPU, IN_FLIGHT, P50, P99, RATE};
use crate::systems::{GO, SYSTEMS, System, TONIC};

/// One load under one condition.
#[derive(Debug, Clone, Copy)]
struct Spot {
    condition: Condition,
    payload: usize,
    in_flight: usize,
}

impl Spot {
    fn values<'a>(self, figures: &'a Figures, system: &str, metric: &str) -> Option<&'a [f64]> {
        figures.values(|figure| {
            figure.system == system
                && figure.metric == metric
                && figure.condition == self.condition.name()
                && (figure.payload, figure.count) == (self.payload, (IN_FLIGHT, self.in_flight))
        })
    }

    /// How many times as fast as `base` the system is, round by round: by p50 where one call is in flight, else by
    /// calls per second.
    fn speed(self, figures: &Figures, system: &str, base: &str) -> Option<Spread> {
        let metric = if self.in_flight == 1 { P50 } else { RATE };
        let ours = self.values(figures, system, metric)?;
        let theirs = self.values(figures, base, metric)?;
        Some(if metric == P50 {
            ratios(theirs, ours)
        } else {
            ratios(ours, theirs)
        })
    }
}

/// Every figure, with its least and greatest, and speeds beside the two bases.
pub(crate) fn text(figures: &Figures, plan: &Plan) -> String {
    let mut text = String::from("median (least - greatest); x: how many times as fast\n");
    for condition in plan.conditions.iter().copied() {
        for payload in plan.payloads.iter().copied() {
            for in_flight in plan.in_flight.iter().copied() {
                let spot = Spot {
                    condition,
                    payload,
                    in_flight,
                };
                let measured = |system: &System| spot.values(figures, system.name, RATE).is_some();
                if !SYSTEMS.iter().any(measured) {
                    continue;
                }
                let _ = writeln!(
                    text,
                    "\n{}, {payload} B, {in_flight} in flight\n{:<31}{:>27}{:>33}{:>27}{:>27}{:>9}{:>9}",
                    condition.name(),
                    "",
                    "p50 us",
                    "p99 us",
                    "k calls/s",
                    "CPU us/call",
                    "x Go",
                    "x tonic"
                );
                for system in SYSTEMS {
                    line(&mut text, figures, spot, system);
                }
            }
        }
    }
    text
}

fn line(text: &mut String, figures: &Figures, spot: Spot, system: &System) {
    let Some(rate) = spot.values(figures, system.name, RATE) else {
        return;
    };
    let cell = |metric| wide(spot.values(figures, system.name, metric), 1.0);
    let times = |base| {
        let speed = spot.speed(figures, system.name, base);
        speed.map_or(String::new(), |speed| format!("{:.2}", speed.median))
    };
    let _ = writeln!(
        text,
        "{:<31}{:>27}{:>33}{:>27}{:>27}{:>9}{:>9}",
        system.title,
        cell(P50),
        cell(P99),
        wide(Some(rate), 1e3),
        cell(CPU),
        times(GO),
        times(TONIC),
    );
}

fn wide(values: Option<&[f64]>, unit: f64) -> String {
    values.map_or(String::new(), |values| {
        let Spread { median, min, max } = Spread::of(values);
        format!(
            "{:.1} ({:.1} - {:.1})",
            median / unit,
            min / unit,
            max / unit
        )
    })
}

/// The section of the page.
pub(crate) fn markdown(figures: &Figures, plan: &Plan, built: &Peers, busy: &str) -> String {
    let mut text = format!(
        "Measured on {}, {busy}. {} rounds of {} ms each, after a warm-up; each round goes through the systems in turn, \
         beginning with another one. Medians; in brackets the least and the greatest round.\n\n\
         ![p50 of a call and calls per second, by system](benchmarks-rpc.svg)\n",
        report::machine(),
        plan.rounds,
        plan.each.as_millis(),
    );
    for condition in plan.conditions.iter().copied() {
        let _ = writeln!(text, "\n### {}: {}\n", condition.name(), condition.about());
        latency(&mut text, figures, plan, condition);
        text.push('\n');
        throughput(&mut text, figures, plan, condition);
    }
    text += "\n### What was compared\n\n| system | made of |\n|---|---|\n";
    for peer in &built.peers {
        let version = match &*peer.program.version {
            "" => "the standard library",
            version => version,
        };
        let _ = writeln!(text, "| {} | {version} |", peer.system.title);
    }
    for (system, reason) in &built.left_out {
        let _ = writeln!(text, "| {} | left out: {reason} |", system.title);
    }
    text
}

/// One call in flight.
fn latency(text: &mut String, figures: &Figures, plan: &Plan, condition: Condition) {
    *text += "One call at a time, µs:\n\n| |";
    for payload in plan.payloads {
        let _ = write!(text, " {} p50 | p99 |", size(*payload));
    }
    let _ = write!(text, " CPU, {} | × Go net/rpc | × tonic |\n|---|", size(32));
    *text += &"--:|".repeat(plan.payloads.len() * 2 + 3);
    text.push('\n');
    let first = Spot {
        condition,
        payload: 32,
        in_flight: 1,
    };
    for system in SYSTEMS {
        if first.values(figures, system.name, P50).is_none() {
            continue;
        }
        let _ = write!(text, "| {} |", system.title);
        for payload in plan.payloads.iter().copied() {
            let spot = Spot { payload, ..first };
            let [p50, p99] = [P50, P99].map(|metric| spot.values(figures, system.name, metric));
            let _ = write!(text, " {} | {} |", narrow(p50, 1.0), brief(p99, 1.0));
        }
        let cpu = brief(first.values(figures, system.name, CPU), 1.0);
        let _ = writeln!(text, " {cpu} |{}", speeds(figures, first, system));
    }
}

/// Many calls in flight.
fn throughput(text: &mut String, figures: &Figures, plan: &Plan, condition: Condition) {
    let many = plan.in_flight.iter().copied().filter(|count| *count > 1);
    let many = many.collect::<Vec<_>>();
    *text += "Many at a time, thousands of calls per second, and CPU µs per call:\n\n| |";
    for payload in plan.payloads {
        for in_flight in &many {
            let _ = write!(text, " {}, {in_flight} in flight | CPU |", size(*payload));
        }
    }
    *text += " × Go net/rpc | × tonic |\n|---|";
    *text += &"--:|".repeat(plan.payloads.len() * many.len() * 2 + 2);
    text.push('\n');
    let first = Spot {
        condition,
        payload: 32,
        in_flight: 64,
    };
    for system in SYSTEMS {
        if first.values(figures, system.name, RATE).is_none() {
            continue;
        }
        let _ = write!(text, "| {} |", system.title);
        for payload in plan.payloads.iter().copied() {
            for in_flight in many.iter().copied() {
                let spot = Spot {
                    condition,
                    payload,
                    in_flight,
                };
                let [rate, cpu] =
                    [RATE, CPU].map(|metric| spot.values(figures, system.name, metric));
                let _ = write!(text, " {} | {} |", narrow(rate, 1e3), brief(cpu, 1.0));
            }
        }
        let _ = writeln!(text, "{}", speeds(figures, first, system));
    }
}

/// The last two columns of a row.
fn speeds(figures: &Figures, spot: Spot, system: &System) -> String {
    let times = |base| {
        let speed = spot.speed(figures, system.name, base);
        speed.map_or(String::new(), |speed| format!("{:.2}", speed.median))
    };
    format!(" {} | {} |", times(GO), times(TONIC))
}

fn narrow(values: Option<&[f64]>, unit: f64) -> String {
    values.map_or(String::new(), |values| {
        let Spread { median, min, max } = Spread::of(values);
        let [median, min, max] = [median, min, max].map(|value| number(value / unit));
        format!("{median} ({min}–{max})")
    })
}

fn brief(values: Option<&[f64]>, unit: f64) -> String {
    values.map_or(String::new(), |values| {
        number(Spread::of(values).median / unit)
    })
}

fn size(bytes: usize) -> String {
    if bytes < 1024 {
        format!("{bytes} B")
    } else {
        format!("{} KiB", bytes / 1024)
    }
}

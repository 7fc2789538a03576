//! Calls between two processes: nearcall beside what else there is, each peer built alone and run by one contract
//! (`bench/rpc/README.md`).
//!
//! Writes `target/bench/rpc.json`, and, from a whole run, its section of `docs/benchmarks.md` with a chart.
//! `--smoke` shows that it runs, not how fast.

#[cfg(target_os = "linux")]
mod args;
#[cfg(target_os = "linux")]
mod build;
#[cfg(target_os = "linux")]
mod chart;
#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod systems;
#[cfg(target_os = "linux")]
mod tables;

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    use anyhow::ensure;

    let Some(plan) = args::Plan::from_args()? else {
        return Ok(());
    };
    let built = build::build(&plan)?;
    let busy = report::busy();
    let figures = measure::measure(&plan, &built.peers)?;
    println!("{}", tables::text(&figures, &plan));
    for (system, reason) in &built.left_out {
        println!("{} is left out: {reason}", system.name);
    }
    if plan.smoke {
        let expected = measure::expected(&plan, &built.peers);
        ensure!(
            figures.len() == expected,
            "{} rows came out, not {expected}",
            figures.len()
        );
        return Ok(());
    }
    report::write_json("rpc", &figures.json()?)?;
    if plan.whole {
        std::fs::write(
            report::root().join("docs/benchmarks-rpc.svg"),
            chart::svg(&figures),
        )?;
        report::write_page("rpc", &tables::markdown(&figures, &plan, &built, &busy))?;
        println!("docs/benchmarks.md and its chart are written");
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("this benchmark reads the CPU clocks of other processes, which is Linux's way alone");
}

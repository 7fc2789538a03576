//! Supervision of real processes: shell scripts that say by a file whether they serve.

mod orders;

use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;

use super::testing::{PATIENCE, spec};
use super::*;
use crate::log_file::{self, Source, Writer};

/// A service serves while `<name>.ready` is there.
#[derive(Debug, Clone)]
struct ReadyFile(PathBuf);

impl Probe for ReadyFile {
    async fn health(&self, spec: &Spec) -> Health {
        if self.0.join(format!("{}.ready", spec.name)).exists() {
            Health::Serving
        } else {
            Health::Unreachable("no ready file".to_owned())
        }
    }
}

struct Bench {
    folder: TempDir,
    limits: Limits,
    supervisor: Supervisor,
    shown: Receiver<Shown>,
}

/// Starts `services`, each a name, the names it comes after, and a script that runs in a folder of the test's own.
fn bench(
    services: &[(&str, &[&str], &str)],
    change: impl FnOnce(&mut Limits, &mut Vec<Spec>),
) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let mut limits = Limits {
        starting_probe_interval: Duration::from_millis(5),
        serving_probe_interval: Duration::from_millis(5),
        backoff_first: Duration::from_millis(10),
        ..Limits::default()
    };
    let mut specs = services
        .iter()
        .map(|(name, after, script)| Spec {
            dir: folder.path().to_owned(),
            after: after.iter().map(|name| name.parse().unwrap()).collect(),
            ..spec(name, script)
        })
        .collect();
    change(&mut limits, &mut specs);
    let (terminal, shown) = sync_channel(1_000);
    let supervisor = Supervisor::start(
        &Plan::new(specs).unwrap(),
        "bench",
        &limits,
        &ReadyFile(folder.path().to_owned()),
        |name| {
            let file = Writer::open(&folder.path().join(format!("{name}.log")), 1 << 20, 1)?;
            Ok(LogSink::new(name.clone(), file, Some(terminal.clone())))
        },
    )
    .unwrap();
    Bench {
        folder,
        limits,
        supervisor,
        shown,
    }
}

impl Bench {
    fn status(&self, name: &str) -> Status {
        let mut statuses = self.supervisor.statuses().into_iter();
        statuses
            .find(|status| status.name.as_str() == name)
            .unwrap()
    }

    async fn until(&self, name: &str, what: impl Fn(&Status) -> bool) -> Status {
        let mut events = self.supervisor.subscribe();
        timeout(PATIENCE, async {
            loop {
                let status = self.status(name);
                if what(&status) {
                    return status;
                }
                events.recv().await.unwrap();
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{name} is still {:?}", self.status(name)))
    }

    async fn serving(&self) {
        timeout(PATIENCE, self.supervisor.all_serving())
            .await
            .unwrap()
            .unwrap();
    }

    async fn stop(&self) {
        timeout(PATIENCE, self.supervisor.stop(&[])).await.unwrap();
    }

    /// What the scripts wrote to the file they share.
    fn journal(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("journal")).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn lines(&self, name: &str, source: Source) -> Vec<String> {
        let records =
            log_file::tail(&self.folder.path().join(format!("{name}.log")), 1_000).unwrap();
        records
            .into_iter()
            .filter(|record| record.source == source)
            .map(|record| record.text)
            .collect()
    }
}

/// Serves until SIGTERM and notes both in the journal.
const GOOD: &str = r#"
    trap 'echo -$0 >> journal; rm -f $0.ready; exit 0' TERM
    echo +$0 >> journal; touch $0.ready
    while :; do sleep 0.01; done"#;

/// `sh -c SCRIPT NAME` makes the name `$0`.
fn named(_: &mut Limits, specs: &mut Vec<Spec>) {
    for spec in specs {
        spec.run.push(spec.name.to_string());
    }
}

fn is_alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[tokio::test]
async fn services_start_in_order_and_stop_in_reverse() {
    let bench = bench(
        &[
            ("web", &["api"], GOOD),
            ("api", &["db"], GOOD),
            ("db", &[], GOOD),
        ],
        named,
    );
    bench.serving().await;
    assert_eq!(bench.journal(), "+db +api +web");
    bench.stop().await;
    assert_eq!(bench.journal(), "+db +api +web -web -api -db");
    for status in bench.supervisor.statuses() {
        assert_eq!(
            (status.state, status.pid, status.restarts),
            (State::Stopped, None, 0)
        );
        assert_eq!(status.detail, "stopped: ended with exit status 0");
    }
}

#[tokio::test]
async fn stopping_one_stops_those_that_need_it_and_no_others() {
    let bench = bench(
        &[
            ("web", &["api"], GOOD),
            ("api", &["db"], GOOD),
            ("db", &[], GOOD),
        ],
        named,
    );
    bench.serving().await;
    let api = ["api".parse().unwrap()];
    timeout(PATIENCE, bench.supervisor.stop(&api))
        .await
        .unwrap();
    assert_eq!(bench.journal(), "+db +api +web -web -api");
    assert_eq!(bench.status("db").state, State::Serving);
    bench.stop().await;
}

#[tokio::test]
async fn a_service_that_ends_is_started_again() {
    let script = "echo . >> journal; touch flaky.ready; [ $(wc -l < journal) -ge 3 ] && exec sleep 1000; sleep 0.05; rm flaky.ready; exit 7";
    let bench = bench(&[("flaky", &[], script)], |_, _| {});
    let status = bench
        .until("flaky", |status| {
            status.state == State::Serving && status.restarts == 2
        })
        .await;
    assert!(is_alive(status.pid.unwrap()));
    bench.stop().await;
    assert!(!is_alive(status.pid.unwrap()));
    let told = bench.lines("flaky", Source::Sup).join("\n");
    assert!(
        told.contains("failed with exit status 7; starts again in "),
        "{told}"
    );
}

#[tokio::test]
async fn a_service_that_keeps_failing_is_given_up_and_so_is_what_needs_it() {
    let bench = bench(
        &[
            (
                "bad",
                &[],
                "echo try >> journal; echo the reason >&2; exit 3",
            ),
            ("web", &["bad"], GOOD),
        ],
        |limits, _| limits.failures_max = 3,
    );
    let error = timeout(PATIENCE, bench.supervisor.all_serving())
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.name.as_str(), "bad");
    assert_eq!(
        error.detail,
        "failed with exit status 3; 3 failures within 1m"
    );
    timeout(PATIENCE, bench.supervisor.all_ended())
        .await
        .unwrap();
    assert_eq!(bench.journal(), "try try try");
    assert_eq!(bench.lines("bad", Source::Err), ["the reason"; 3]);
    assert_eq!(bench.status("bad").state, State::Failed);
    assert_eq!(bench.status("web").state, State::Failed);
    assert_eq!(bench.status("web").detail, "needs bad, which failed");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_a_failure_in_words() {
    let bench = bench(&[("ghost", &[], "")], |limits, specs| {
        limits.failures_max = 1;
        specs[0].run = vec!["bin/ghost".to_owned()];
    });
    let error = timeout(PATIENCE, bench.supervisor.all_serving())
        .await
        .unwrap()
        .unwrap_err();
    assert!(
        error
            .detail
            .starts_with("cannot start `bin/ghost`: No such file"),
        "{error}"
    );
}

#[tokio::test]
async fn a_service_that_never_serves_is_stopped_and_counts_as_failed() {
    let bench = bench(
        &[("mute", &[], "echo $$ >> journal; exec sleep 1000")],
        |limits, _| {
            limits.ready_wait = Duration::from_millis(100);
            limits.failures_max = 2;
        },
    );
    let error = timeout(PATIENCE, bench.supervisor.all_serving())
        .await
        .unwrap()
        .unwrap_err();
    assert!(
        error
            .detail
            .starts_with("did not serve within 100ms: no ready file; 2 failures"),
        "{error}"
    );
    let pids = bench.journal();
    assert_eq!(pids.split(' ').count(), 2, "{pids}");
    for pid in pids.split(' ') {
        assert!(!is_alive(pid.parse().unwrap()), "{pid}");
    }
}

#[tokio::test]
async fn health_is_watched_while_a_service_serves() {
    let bench = bench(&[("a", &[], GOOD)], named);
    bench.serving().await;
    fs::remove_file(bench.folder.path().join("a.ready")).unwrap();
    let status = bench
        .until("a", |status| status.state == State::NotServing)
        .await;
    assert_eq!(
        (status.detail.as_str(), status.restarts),
        ("no ready file", 0)
    );
    fs::write(bench.folder.path().join("a.ready"), "").unwrap();
    bench
        .until("a", |status| status.state == State::Serving)
        .await;
    bench.stop().await;
}

#[tokio::test]
async fn what_is_printed_is_kept_and_shown_and_the_environment_is_set() {
    let script = "echo out $NEARCALL_WORLD $EXTRA; echo err >&2; printf 'no end'; touch a.ready; exec sleep 1000";
    let bench = bench(&[("a", &[], script)], |_, specs| {
        specs[0].env.insert("EXTRA".to_owned(), "more".to_owned());
    });
    bench.serving().await;
    bench.stop().await;
    assert_eq!(bench.lines("a", Source::Out), ["out bench more", "no end"]);
    assert_eq!(bench.lines("a", Source::Err), ["err"]);
    let shown: Vec<_> = bench
        .shown
        .try_iter()
        .filter(|shown| shown.record.source != Source::Sup)
        .collect();
    assert_eq!(shown.len(), 3);
    assert!(
        shown
            .iter()
            .all(|shown| shown.name.as_str() == "a" && shown.lost == 0)
    );
    assert_eq!(bench.limits.failures_max, Limits::default().failures_max);
}

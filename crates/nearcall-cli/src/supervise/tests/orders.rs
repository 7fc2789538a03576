//! Stopping and starting by order, and what is left of a process.

use super::*;

#[tokio::test]
async fn a_service_that_will_not_end_is_killed_with_all_that_it_started() {
    let script = "trap '' TERM; sleep 1000 & echo $! > journal; touch deaf.ready; while :; do sleep 1000; done";
    let bench = bench(&[("deaf", &[], script)], |_, specs| {
        specs[0].stop_timeout = Duration::from_millis(100);
    });
    bench.serving().await;
    let pid = bench.status("deaf").pid.unwrap();
    bench.stop().await;
    assert_eq!(
        bench.status("deaf").detail,
        "killed: it did not end within 100ms of SIGTERM"
    );
    assert!(!is_alive(pid));
    gone(&bench.journal()).await;
}

#[tokio::test]
async fn what_a_process_leaves_behind_goes_with_it() {
    let script = "trap 'exit 0' TERM; sleep 1000 & echo $! > journal; touch messy.ready; wait";
    let bench = bench(&[("messy", &[], script)], |_, _| {});
    bench.serving().await;
    let pid = bench.status("messy").pid.unwrap();
    // The next process writes its own.
    let grandchild = bench.journal();
    // Its own end, not by order of the supervisor.
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    bench.until("messy", |status| status.restarts == 1).await;
    gone(&grandchild).await;
    bench.stop().await;
}

/// The grandchild is ended; whoever inherits it reaps it in its own time.
async fn gone(pid: &str) {
    let zombie_or_gone = || {
        fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
    };
    timeout(PATIENCE, async {
        while !zombie_or_gone() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_second_order_does_not_wait() {
    let bench = bench(
        &[(
            "deaf",
            &[],
            "trap '' TERM; touch deaf.ready; while :; do sleep 0.01; done",
        )],
        |_, _| {},
    );
    bench.serving().await;
    let stopping = async {
        bench
            .until("deaf", |status| status.state == State::Stopping)
            .await;
        bench.supervisor.kill();
    };
    tokio::join!(bench.stop(), stopping);
    assert_eq!(
        bench.status("deaf").detail,
        "killed: it was not given time to end"
    );
}

#[tokio::test]
async fn stopping_before_the_start_starts_nothing() {
    let bench = bench(
        &[("db", &[], "exec sleep 1000"), ("web", &["db"], GOOD)],
        named,
    );
    bench
        .until("db", |status| status.state == State::Starting)
        .await;
    bench.stop().await;
    assert_eq!(bench.journal(), "");
    assert_eq!(bench.status("web").detail, "stopped before it was started");
}

#[tokio::test]
async fn a_service_is_started_again_by_order_and_the_plan_goes_on() {
    let bench = bench(&[("a", &[], GOOD)], named);
    bench.serving().await;
    let name = "a".parse().unwrap();
    let first = bench.status("a").pid;
    let ended = bench.supervisor.all_ended();
    let restarted = async {
        let status = timeout(PATIENCE, bench.supervisor.restart(&name))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((status.state, status.restarts), (State::Serving, 1));
        assert_ne!(status.pid, first);
        assert_eq!(status.last_exit, "ended with exit status 0");
    };
    tokio::select! {
        () = ended => panic!("a restart is not the end"),
        () = restarted => {}
    }
    bench.stop().await;
    assert_eq!(bench.journal(), "+a -a +a -a");
    // What was stopped is just started.
    let status = timeout(PATIENCE, bench.supervisor.restart(&name))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status.state, State::Serving);
    bench.stop().await;
    timeout(PATIENCE, bench.supervisor.all_ended())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_service_that_was_given_up_gets_new_chances_by_order() {
    let bench = bench(
        &[("bad", &[], "echo try >> journal; exit 1")],
        |limits, _| limits.failures_max = 2,
    );
    bench
        .until("bad", |status| status.state == State::Failed)
        .await;
    let name = "bad".parse().unwrap();
    let status = timeout(PATIENCE, bench.supervisor.restart(&name))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status.state, State::Failed);
    assert_eq!(bench.journal(), "try try try try");
    let stranger = "zoo".parse().unwrap();
    let error = bench.supervisor.restart(&stranger).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "zoo is not a service of this supervisor; there are: bad"
    );
}

//! `nearcall call` against a real server: the program runs in a process of its own.

use nearcall::tokio;
use nearcall_testkit::Running;

use crate::program::program;

/// Runs `nearcall call --at <server> <words>` and checks all that it says and does.
async fn check(server: &Running, words: &[&str], input: &str, expected: Expected<'_>) {
    let at = server.address();
    let mut all = vec!["call", "--at", &at];
    all.extend(words);
    let done = program(&all).input(input).run().await;
    assert_eq!(done.stdout, expected.stdout, "{words:?}: {}", done.stderr);
    assert_eq!(done.code, Some(expected.code), "{words:?}: {}", done.stderr);
    for line in expected.stderr {
        assert!(
            done.stderr.lines().any(|found| found == *line),
            "{words:?}: expected {line:?} in:\n{}",
            done.stderr
        );
    }
    if expected.stderr.is_empty() {
        assert_eq!(done.stderr, "", "{words:?}");
    }
}

/// What a run should come to; every line of `stderr` must be there.
struct Expected<'a> {
    stdout: &'a str,
    stderr: &'a [&'a str],
    code: i32,
}

fn fails<'a>(code: i32, stderr: &'a [&'a str]) -> Expected<'a> {
    Expected {
        stdout: "",
        stderr,
        code,
    }
}

/// One report as it is printed, but for what differs from run to run.
fn report(payload: &str, orders: u32) -> String {
    format!(r#""payload":"{payload}","orders":{orders}"#)
}

#[tokio::test]
async fn calls_of_every_kind() {
    let server = Running::start().await;
    let at = server.address();
    let check = async |words: &[&str], input: &str, expected: &[String]| {
        let mut all = vec!["call", "--at", at.as_str()];
        all.extend(words);
        let done = program(&all).input(input).run().await;
        assert_eq!(done.code, Some(0), "{words:?}: {}", done.stderr);
        let found: Vec<_> = done.stdout.lines().collect();
        assert_eq!(found.len(), expected.len(), "{words:?}: {found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{words:?}: {expected} in {found}");
        }
    };
    let unary = "testing.v1.Probe/Unary";
    check(&[unary, r#"{"payload":"AQI="}"#], "", &[report("AQI=", 1)]).await;
    check(&[unary], "", &[report("", 1)]).await;
    check(&[unary, "-"], r#"{"payload":"AQ=="}"#, &[report("AQ==", 1)]).await;
    let download = [
        "testing.v1.Probe/Download",
        r#"{"count":3,"payload":"AA=="}"#,
    ];
    let reports = [report("AA==", 1), report("AA==", 2), report("AA==", 3)];
    check(&download, "", &reports).await;
    let three = r#"{"payload":"AQ=="}{"payload":"Ag=="} {"payload":"Aw=="}"#;
    check(
        &["testing.v1.Probe/Upload", "-"],
        three,
        &[report("AQID", 3)],
    )
    .await;
    check(&["testing.v1.Probe/Upload"], three, &[report("AQID", 3)]).await;
    check(
        &["testing.v1.Probe/Upload", three],
        "",
        &[report("AQID", 3)],
    )
    .await;
    let chat = [report("AQ==", 1), report("Ag==", 2), report("Aw==", 3)];
    check(&["testing.v1.Probe/Chat", "-d", "-"], three, &chat).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.json");
    std::fs::write(&file, three).unwrap();
    let file = format!("@{}", file.display());
    check(&["testing.v1.Probe/Chat", &file], "", &chat).await;
}

#[tokio::test]
async fn a_conversation_goes_back_and_forth() {
    let server = Running::start().await;
    let mut talk = program(&[
        "call",
        "--at",
        &server.address(),
        "testing.v1.Probe/Chat",
        "-",
    ])
    .talk();
    for (payload, orders) in [("AQ==", 1), ("Ag==", 2)] {
        talk.say(&format!(r#"{{"payload":"{payload}"}}"#)).await;
        let answer = talk.hear().await;
        assert!(answer.contains(&report(payload, orders)), "{answer}");
    }
    let done = talk.end().await;
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn the_exit_status_is_the_code() {
    let server = Running::start().await;
    for (code, name) in [
        (1, "CANCELLED"),
        (3, "INVALID_ARGUMENT"),
        (5, "NOT_FOUND"),
        (16, "UNAUTHENTICATED"),
    ] {
        let order = format!(r#"{{"code":{code},"message":"as told"}}"#);
        let told = format!("{name}: as told");
        check(
            &server,
            &["testing.v1.Probe/Unary", &order],
            "",
            fails(code, &[&told]),
        )
        .await;
        let json =
            format!(r#"{{"code":{code},"details":[],"message":"as told","status":"{name}"}}"#);
        check(
            &server,
            &["--json", "testing.v1.Probe/Unary", &order],
            "",
            fails(code, &[&json]),
        )
        .await;
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_before_the_call() {
    let server = Running::start().await;
    let fails = |code, lines| fails(code, lines);
    check(
        &server,
        &["testing.v1.Prob/Unary"],
        "",
        fails(
            64,
            &[
                "error: no service testing.v1.Prob here; did you mean testing.v1.Probe?; there is: \
               testing.v1.Probe, grpc.health.v1.Health, grpc.reflection.v1.ServerReflection, \
               grpc.reflection.v1alpha.ServerReflection, nearcall.callback.v1.Callbacks",
            ],
        ),
    )
    .await;
    check(
        &server,
        &["testing.v1.Probe/unray"],
        "",
        fails(
            64,
            &[
                "error: no method unray in testing.v1.Probe; did you mean Unary?; it has: Unary, \
               UnaryIdempotent, Download, Upload, Chat",
            ],
        ),
    )
    .await;
    check(
        &server,
        &["testing.v1.Probe/Unary", r#"{"paylod":""}"#],
        "",
        fails(
            65,
            &[
                "error: the message does not fit testing.v1.Order: field paylod: no such field in \
               testing.v1.Order; did you mean payload?; it has: payload, delayMs, count, code, message, panic, \
               onward, spawned, computeMs, details, label",
            ],
        ),
    )
    .await;
    check(
        &server,
        &["testing.v1.Probe/Unary", r#"{"count":"many"}"#],
        "",
        fails(
            65,
            &[
                "error: the message does not fit testing.v1.Order: field count: expected uint32, found \
               the string \"many\"",
            ],
        ),
    )
    .await;
    check(
        &server,
        &["testing.v1.Probe/Unary", "{} {}"],
        "",
        fails(
            65,
            &["error: Unary takes one message, found more than one; the second begins {}"],
        ),
    )
    .await;
    check(
        &server,
        &["testing.v1.Probe/Unary", "@/nowhere/at/all"],
        "",
        fails(66, &["error: cannot read /nowhere/at/all"]),
    )
    .await;
    check(
        &server,
        &["Unary"],
        "",
        fails(
            64,
            &["error: expected a method as package.Service/Method, found \"Unary\""],
        ),
    )
    .await;
    check(
        &server,
        &["--bogus", "a.B/C"],
        "",
        fails(64, &["error: unexpected argument '--bogus' found"]),
    )
    .await;
    assert_eq!(
        server.tally.begun.load(std::sync::atomic::Ordering::SeqCst),
        0,
        "no call was made"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let at = if cfg!(windows) {
        "pipe:nearcall-nowhere"
    } else {
        "unix:/nowhere/x.sock"
    };
    let done = program(&["call", "--at", at, "testing.v1.Probe/Unary"])
        .run()
        .await;
    assert_eq!(done.code, Some(69), "{}", done.stderr);
    assert!(
        done.stderr
            .starts_with(&format!("error: cannot connect to {at}\n")),
        "{}",
        done.stderr
    );
}

#[tokio::test]
async fn wrong_input_in_the_middle_leaves_the_call_incomplete() {
    let server = Running::start().await;
    check(
        &server,
        &["testing.v1.Probe/Upload", "-"],
        r#"{"payload":"AQ=="} {"payload":7}"#,
        fails(
            65,
            &[
                "error: message 2 does not fit testing.v1.Order: field payload: expected bytes (a base64 string), \
               found the number 7",
            ],
        ),
    )
    .await;
    // The handler may not even have been reached; it has not been told that the upload is complete.
    let begun = server.tally.begun.load(std::sync::atomic::Ordering::SeqCst);
    server.tally.wait_dropped(begun).await;
}

#[tokio::test]
async fn limits_are_said_with_the_flag() {
    let server = Running::start().await;
    check(
        &server,
        &[
            "--max-message",
            "3",
            "testing.v1.Probe/Unary",
            r#"{"payload":"AQI="}"#,
        ],
        "",
        fails(
            65,
            &[
                "error: the message is too long: a message to send has 4 bytes, the limit is 3",
                "  try: --max-message 4",
            ],
        ),
    )
    .await;
    let done = program(&[
        "call",
        "--at",
        &server.address(),
        "--max-message",
        "4",
        "testing.v1.Probe/Unary",
        r#"{"payload":"AQI="}"#,
    ])
    .run()
    .await;
    assert_eq!(done.code, Some(8), "{}", done.stderr);
    assert!(
        done.stderr
            .starts_with("RESOURCE_EXHAUSTED: a message of the answer has "),
        "{}",
        done.stderr
    );
    assert!(
        done.stderr.contains("try: --max-message "),
        "{}",
        done.stderr
    );
}

#[tokio::test]
async fn the_deadline_ends_the_call() {
    let server = Running::start().await;
    let words = [
        "--deadline",
        "200ms",
        "testing.v1.Probe/Unary",
        r#"{"delayMs":60000}"#,
    ];
    let at = server.address();
    let done = program(&[&["call", "--at", at.as_str()], words.as_slice()].concat())
        .run()
        .await;
    assert_eq!(done.code, Some(4), "{}", done.stderr);
    assert!(
        done.stderr.starts_with("DEADLINE_EXCEEDED: "),
        "{}",
        done.stderr
    );
    server.tally.wait_dropped(1).await;
}

#[tokio::test]
async fn verbose_shows_metadata_and_times_apart_from_the_answer() {
    let server = Running::start().await;
    let done = program(&[
        "call",
        "-v",
        "-H",
        "x-user: ada",
        "--at",
        &server.address(),
        "testing.v1.Probe/Unary",
    ])
    .run()
    .await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(done.stdout.lines().count(), 1);
    assert!(
        done.stdout.contains(r#""metadata":{"x-user":"ada"}"#),
        "{}",
        done.stdout
    );
    for expected in [
        "* connected to ",
        "> /testing.v1.Probe/Unary",
        "> x-user: ada",
        "< x-echo-x-user: ada",
        "< grpc-status: 0",
        "* OK after ",
    ] {
        assert!(
            done.stderr.lines().any(|line| line.starts_with(expected)),
            "{expected}: {}",
            done.stderr
        );
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_it_quietly() {
    let server = Running::start().await;
    let words = [
        "call",
        "--at",
        &server.address(),
        "testing.v1.Probe/Download",
        r#"{"count":1000000}"#,
    ];
    let mut talk = program(&words).talk();
    talk.hear().await;
    let done = talk.stop_listening().await;
    assert_eq!((done.code, done.stderr.as_str()), (Some(141), ""));
}

/// On Windows a ctrl-c goes to all that share the console, the tests among them.
#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_cancels_the_call_and_says_so() {
    let server = Running::start().await;
    let words = [
        "call",
        "--at",
        &server.address(),
        "testing.v1.Probe/Unary",
        r#"{"delayMs":60000}"#,
    ];
    let talk = program(&words).talk();
    server.tally.wait_begun(1).await;
    let done = talk.interrupt().await;
    assert_eq!(done.code, Some(130), "{}", done.stderr);
    assert!(
        done.stderr
            .starts_with("interrupted: the call was cancelled after "),
        "{}",
        done.stderr
    );
    server.tally.wait_dropped(1).await;
}

#[tokio::test]
async fn types_may_come_from_files() {
    let server = Running::start().await;
    let proto = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../nearcall-testkit/proto/testing/v1/probe.proto"
    );
    let done = program(&[
        "call",
        "--at",
        &server.address(),
        "--proto",
        proto,
        "testing.v1.Probe/Unary",
    ]);
    let done = done.run().await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains(&report("", 1)), "{}", done.stdout);
}

//! `nearcall dial` and the .proto files of a server, from a server that runs.

use std::path::Path;

use nearcall::tokio;
use nearcall_testkit::{Running, isolated};
use serde_json::Value;

use crate::program::program;
use crate::served::serve;

/// How Node dials, and how another does.
#[cfg(unix)]
fn dials(runtime: &Path) -> [String; 2] {
    let socket = runtime.join("nearcall/default/probe.sock");
    let socket = socket.display();
    [
        format!("ProbeClient(\"unix://{socket}\""),
        format!("grpc.insecure_channel(\"unix:{socket}\")"),
    ]
}

/// How Node dials, and how another does.
#[cfg(windows)]
fn dials(_: &Path) -> [String; 2] {
    let world = "default".parse().unwrap();
    let registry = nearcall::registry::Registry::open(&world).unwrap();
    let address = registry.address(&"probe".parse().unwrap()).to_string();
    let pipe = address.strip_prefix("pipe:").unwrap();
    [
        format!("ProbeClient(\"unix:////./pipe/{pipe}\""),
        "nearcall::connect(\"probe\")".to_owned(),
    ]
}

#[tokio::test]
async fn a_program_has_the_real_address_and_names() {
    let Some(runtime) = isolated("dial::a_program_has_the_real_address_and_names", &[]) else {
        return;
    };
    let nobody = program(&["dial", "probe", "--lang", "go"]).run().await;
    assert_eq!(nobody.code, Some(1));
    let _server = serve("probe").await;
    let listed = program(&["dial", "probe"]).run().await.stdout;
    let dials = dials(&runtime);
    for dial in &dials {
        assert!(listed.contains(dial), "{dial}: {listed}");
    }
    let json = program(&["dial", "probe", "--lang", "node", "--json"])
        .run()
        .await
        .stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["method"], "testing.v1.Probe/Unary");
    assert_eq!(json["files"][0]["path"], "client.ts");
    assert_eq!(json["tried"], true);
    let text = json["files"][0]["text"].as_str().unwrap();
    assert!(text.contains(&dials[0]), "{text}");

    let check = async |words: &[&str], expected: &str| {
        let mut all = vec!["dial", "probe", "--lang"];
        all.extend(words);
        let refused = program(&all).run().await;
        assert_ne!(refused.code, Some(0), "{words:?}: {}", refused.stdout);
        assert!(
            refused.stderr.contains(expected),
            "{words:?}: {}",
            refused.stderr
        );
    };
    check(&["cobol"], "invalid value 'cobol'").await;
    check(&["go", "--method", "Unary"], "\"Unary\" is no method").await;
    check(
        &["go", "--method", "testing.v1.Probe/Unari"],
        "did you mean Unary?",
    )
    .await;
    check(
        &["c", "--method", "testing.v1.Probe/Chat"],
        "choose another by --method",
    )
    .await;
}

#[tokio::test]
async fn what_is_written_is_not_written_over_others() {
    let server = Running::start().await;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("client");
    let (at, out) = (server.address(), out.display().to_string());
    let (language, program_file) = if cfg!(windows) {
        ("go", "main.go")
    } else {
        ("python", "client.py")
    };
    let words = ["dial", &at, "--lang", language, "--out", &out];
    for _ in 0..2 {
        let done = program(&words).run().await;
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }
    let written = Path::new(&out);
    assert!(written.join(program_file).is_file());
    let protos = folder.path().join("protos").display().to_string();
    let done = program(&["describe", &at, "--proto-dir", &protos])
        .run()
        .await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let file = std::path::PathBuf::from(done.stdout.lines().next().unwrap());
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("service Probe {"), "{text}");

    std::fs::write(written.join(program_file), "print(1)").unwrap();
    std::fs::write(&file, "syntax = \"proto3\";").unwrap();
    for words in [&words[..], &["describe", &at, "--proto-dir", &protos]] {
        let refused = program(words).run().await;
        assert_eq!(refused.code, Some(1), "{words:?}");
        assert!(
            refused.stderr.contains("says something else"),
            "{}",
            refused.stderr
        );
    }
}

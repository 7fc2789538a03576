//! `nearcall bridge`: the port, the token and the file, from start to stop.

use std::path::PathBuf;

use nearcall::proxy::Token;
use nearcall::{Channel, Code, Request, tokio};
use nearcall_testkit::isolated;
use nearcall_testkit::probe::{Order, ProbeClient};
use serde_json::Value;

use crate::program::{Talk, program};
use crate::served::serve;

/// A bridge that runs, and where it says that it is.
async fn bridge() -> (Talk, String, PathBuf) {
    let mut bridge = program(&["bridge", "probe", "--json"]).talk();
    let said: Value = serde_json::from_str(&bridge.hear().await).unwrap();
    let address = said["address"].as_str().unwrap().to_owned();
    (bridge, address, said["file"].as_str().unwrap().into())
}

async fn call(address: &str, token: &str) -> Result<Vec<u8>, Code> {
    let channel = Channel::connect(address).await.unwrap();
    let mut request = Request::new(Order {
        payload: vec![1],
        ..Order::default()
    });
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    let called = ProbeClient::new(channel).unary(request).await;
    called
        .map(|report| report.into_inner().payload)
        .map_err(|status| status.code())
}

#[tokio::test]
async fn a_bridge_leads_to_the_service_and_leaves_nothing() {
    let Some(_) = isolated(
        "bridge::a_bridge_leads_to_the_service_and_leaves_nothing",
        &[],
    ) else {
        return;
    };
    let nobody = program(&["bridge", "probe"]).run().await;
    assert_eq!(nobody.code, Some(1), "{}", nobody.stderr);
    let server = serve("probe").await;
    let (running, address, file) = bridge().await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(file.ends_with("default/probe.bridge.json"));
    let entry: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(entry["address"], address.as_str());
    let token = entry["token"].as_str().unwrap();
    assert_eq!(call(&address, token).await, Ok(vec![1]));
    let another = Token::random().unwrap();
    assert_eq!(
        call(&address, another.reveal()).await,
        Err(Code::Unauthenticated)
    );

    let second = program(&["bridge", "probe"]).run().await;
    assert_eq!(second.code, Some(1));
    assert!(
        second.stderr.contains("has a bridge already"),
        "{}",
        second.stderr
    );
    let rows = program(&["ps", "--json"]).run().await.stdout;
    let rows: Value = serde_json::from_str(&rows).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    assert_eq!(rows[0]["bridge"], address.as_str());
    #[cfg(windows)]
    if nearcall_testkit::left_out_by_wine("a bridge ends by ctrl-break and takes its file away") {
        return;
    }
    let done = running.interrupt().await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(!file.exists());
    assert!(!format!("{}{}", done.stdout, done.stderr).contains(token));
    drop(server);
}

#[tokio::test]
async fn what_a_killed_bridge_left_is_no_obstacle() {
    let Some(_) = isolated("bridge::what_a_killed_bridge_left_is_no_obstacle", &[]) else {
        return;
    };
    let _server = serve("probe").await;
    let (running, _, file) = bridge().await;
    running.kill().await;
    assert!(file.exists());
    let left = std::fs::read(&file).unwrap();
    let (running, ..) = bridge().await;
    assert_ne!(std::fs::read(&file).unwrap(), left);
    running.kill().await;

    std::fs::write(&file, r#"{"name":"probe.bridge"}"#).unwrap();
    let refused = program(&["bridge", "probe"]).run().await;
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("is not the file of a bridge"),
        "{}",
        refused.stderr
    );
}

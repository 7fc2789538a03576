//! What goes by the names of a world: each test has a process and a runtime folder of its own.

use nearcall::tokio;
use nearcall::tokio::sync::oneshot;
use nearcall_testkit::isolated;
use nearcall_testkit::probe::{Probe, ProbeServer};

use crate::program::program;

/// A server by name; it stops when dropped.
pub(crate) struct Named {
    _stop: oneshot::Sender<()>,
}

pub(crate) async fn serve(name: &str) -> Named {
    let (stop, stopped) = oneshot::channel::<()>();
    let bound = nearcall::Server::new(name)
        .add_service(ProbeServer::new(Probe::default()))
        .stop_when(async {
            let _ = stopped.await;
        })
        .bind()
        .await
        .unwrap();
    tokio::spawn(bound.serve());
    Named { _stop: stop }
}

/// Runs the program and answers all it said, but for spaces that pad a column to the width of a path.
async fn says(words: &[&str]) -> String {
    let done = program(words).run().await;
    let said = format!("{}{}", done.stdout, done.stderr);
    // Where there are pipes, they are told as the sockets that they stand for.
    #[cfg(windows)]
    let said = {
        let world = "default".parse().unwrap();
        let registry = nearcall::registry::Registry::open(&world).unwrap();
        let pipe = registry.address(&"probe".parse().unwrap()).to_string();
        let pipes = pipe.strip_suffix("default.probe").unwrap();
        let words = said.split_inclusive(char::is_whitespace).map(|word| {
            let (word, end) = word.split_at(word.trim_end().len());
            match word
                .strip_prefix(pipes)
                .and_then(|pipe| pipe.split_once('.'))
            {
                Some((world, name)) => format!("unix:RUNTIME/nearcall/{world}/{name}.sock{end}"),
                None => format!("{word}{end}"),
            }
        });
        let said: String = words.collect();
        said.replace("--at pipe:name", "--at unix:/path")
    };
    let lines = said
        .lines()
        .fold(String::new(), |all, line| all + line.trim_end() + "\n");
    format!("{lines}[{}]", done.code.unwrap_or(-1))
}

#[tokio::test]
async fn a_service_is_found_by_its_name() {
    let Some(_) = isolated("served::a_service_is_found_by_its_name", &[]) else {
        return;
    };
    let unary = "testing.v1.Probe/Unary";
    insta::assert_snapshot!(says(&["call", unary]).await, @r"
    error: no server in world default serves testing.v1.Probe; nothing is served there
      try: start it (`nearcall up`), look in another world (--world), or say where it is (--at unix:/path)
    [69]
    ");
    let _probe = serve("probe").await;
    let found = says(&["call", unary, r#"{"payload":"AQ=="}"#]).await;
    assert!(found.contains(r#""payload":"AQ==""#), "{found}");
    let found = says(&["call", "probe", unary, r#"{"payload":"AQ=="}"#]).await;
    assert!(found.contains(r#""payload":"AQ==""#), "{found}");
    let found = says(&["call", "default/probe", unary]).await;
    assert!(found.ends_with("[0]"), "{found}");
    let _other = serve("probe.1").await;
    insta::assert_snapshot!(says(&["call", unary]).await, @r"
    error: 2 servers in world default serve testing.v1.Probe: probe, probe.1
      try: say which one: --at NAME
    [64]
    ");
    let found = says(&["call", "--at", "probe.1", unary]).await;
    assert!(found.ends_with("[0]"), "{found}");
    insta::assert_snapshot!(says(&["--world", "other", "call", unary]).await, @r"
    error: no server in world other serves testing.v1.Probe; nothing is served there
      try: start it (`nearcall up`), look in another world (--world), or say where it is (--at unix:/path)
    [69]
    ");
}

#[tokio::test]
async fn list_shows_servers_services_and_methods() {
    let Some(folder) = isolated("served::list_shows_servers_services_and_methods", &[]) else {
        return;
    };
    let folder = folder.display().to_string();
    let says = async |words: &[&str]| says(words).await.replace(&folder, "RUNTIME");
    insta::assert_snapshot!("list_nothing", says(&["list"]).await);
    insta::assert_snapshot!("list_all_nothing", says(&["list", "--all"]).await);
    let _probe = serve("probe").await;
    let _away = serve("away/probe").await;
    insta::assert_snapshot!("list", says(&["list"]).await);
    insta::assert_snapshot!("list_all", says(&["list", "--all"]).await);
    insta::assert_snapshot!("list_one", says(&["list", "probe"]).await);
    insta::assert_snapshot!("list_nobody", says(&["list", "nobody"]).await);
    let json = program(&["list", "--json"]).run().await.stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["name"], "probe");
    assert_eq!(json[0]["health"], "serving");
    assert_eq!(json[0]["services"][0], "testing.v1.Probe");
    let json = program(&["list", "--json", "probe"]).run().await.stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        json["services"][0]["methods"][0]["path"],
        "/testing.v1.Probe/Unary"
    );
}

#[tokio::test]
async fn describe_prints_proto() {
    let Some(_) = isolated("served::describe_prints_proto", &[]) else {
        return;
    };
    let _probe = serve("probe").await;
    let service = says(&["describe", "testing.v1.Probe"]).await;
    insta::assert_snapshot!("describe_service", service);
    for same in [
        &["describe", "probe"][..],
        &["describe", "--at", "probe"],
        &["describe", "--at", "probe", "testing.v1.Probe"],
    ] {
        assert_eq!(says(same).await, service, "{same:?}");
    }
    insta::assert_snapshot!(
        "describe_method",
        says(&["describe", "testing.v1.Probe/Chat"]).await
    );
    insta::assert_snapshot!(
        "describe_unknown",
        says(&["describe", "testing.v1.Ordr"]).await
    );
    let json = program(&["describe", "--json", "testing.v1.Order"])
        .run()
        .await
        .stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["messages"][0]["name"], "testing.v1.Order");
    assert_eq!(json["messages"][0]["fields"][1]["json_name"], "delayMs");
}

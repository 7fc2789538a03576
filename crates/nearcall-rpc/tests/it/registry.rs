//! Names: where servers say that they are, and clients look.

use std::os::unix::fs::PermissionsExt;

use nearcall::registry::Registry;
use nearcall::{Channel, ConnectError, Server, tokio};
use nearcall_testkit::isolated;
use nearcall_testkit::probe::{Order, Probe, ProbeClient, ProbeServer};

fn probe(name: &str) -> Server {
    Server::new(name).add_service(ProbeServer::new(Probe::default()))
}

#[test]
fn a_server_is_found_by_name_and_leaves_nothing_behind() {
    let Some(runtime) = isolated(
        "registry::a_server_is_found_by_name_and_leaves_nothing_behind",
        &[],
    ) else {
        return;
    };
    nearcall::block_on(async {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let bound = probe("arena/probe.1")
            .stop_when(async { drop(stopped.await) })
            .bind()
            .await
            .unwrap();
        let address = bound.addresses()[0].to_string();
        let socket = runtime.join("nearcall/arena/probe.1.sock");
        assert_eq!(address, format!("unix:{}", socket.display()));
        let serving = tokio::spawn(bound.serve());

        let registry = Registry::open(&"arena".parse().unwrap()).unwrap();
        let entries = registry.entries().unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(
            (entries[0].name.as_str(), &entries[0].address),
            ("probe.1", &address)
        );
        assert_eq!(entries[0].pid, std::process::id());
        assert_eq!(entries[0].wires, ["grpc", "lane"]);
        assert!(
            entries[0].services.contains(&"testing.v1.Probe".to_owned()),
            "{entries:?}"
        );
        assert_eq!(entries[0].schema_hash.len(), 16);
        for (path, mode) in [(socket, 0o600), (runtime.join("nearcall/arena"), 0o700)] {
            let found = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(found, mode, "{}", path.display());
        }

        let mut client = ProbeClient::new(nearcall::connect("arena/probe.1").await.unwrap());
        assert!(client.unary(Order::default()).await.is_ok());
        drop(stop);
        serving.await.unwrap().unwrap();
        let left: Vec<_> = std::fs::read_dir(runtime.join("nearcall"))
            .unwrap()
            .collect();
        assert!(left.is_empty(), "{left:?}");
    });
}

#[test]
fn a_name_that_nobody_serves_says_which_there_are() {
    let Some(runtime) = isolated(
        "registry::a_name_that_nobody_serves_says_which_there_are",
        &[],
    ) else {
        return;
    };
    nearcall::block_on(async {
        let error = Channel::connect("probe").await.unwrap_err();
        assert!(matches!(&error, ConnectError::Resolve(_)), "{error:?}");
        assert!(
            error.to_string().contains("nothing is served there"),
            "{error}"
        );
        // Looking leaves nothing behind.
        assert_eq!(std::fs::read_dir(&runtime).unwrap().count(), 0);
        let _bound = [
            probe("one").bind().await.unwrap(),
            probe("two").bind().await.unwrap(),
        ];
        let error = Channel::connect("probe").await.unwrap_err().to_string();
        assert!(
            error.contains("nobody serves `probe` in world `default`; served there: one, two"),
            "{error}"
        );
    });
}

#[test]
fn a_variable_re_points_a_name() {
    let other = tempfile::tempdir().unwrap();
    let address = format!("unix:{}/elsewhere.sock", other.path().display());
    let variables = [
        ("NEARCALL_ADDRESS_FAR_PROBE", address.as_str()),
        ("NEARCALL_ADDRESS_ODD", "nowhere:at all"),
    ];
    let Some(_) = isolated("registry::a_variable_re_points_a_name", &variables) else {
        return;
    };
    nearcall::block_on(async {
        let elsewhere = std::env::var("NEARCALL_ADDRESS_FAR_PROBE").unwrap();
        let bound = probe(&elsewhere).bind().await.unwrap();
        tokio::spawn(bound.serve());
        let mut client = ProbeClient::new(nearcall::connect("far-probe").await.unwrap());
        assert!(client.unary(Order::default()).await.is_ok());
        let error = nearcall::connect("odd").await.unwrap_err().to_string();
        assert!(
            error.contains("NEARCALL_ADDRESS_ODD re-points `odd`"),
            "{error}"
        );
    });
}

#[test]
fn a_folder_that_others_can_enter_is_refused() {
    let Some(runtime) = isolated("registry::a_folder_that_others_can_enter_is_refused", &[]) else {
        return;
    };
    let folder = runtime.join("nearcall/default");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::set_permissions(runtime.join("nearcall"), PermissionsExt::from_mode(0o700)).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    nearcall::block_on(async {
        let error = probe("probe").bind().await.unwrap_err().to_string();
        assert!(
            error.contains("755") && error.contains("chmod 700"),
            "{error}"
        );
        let error = nearcall::connect("probe").await.unwrap_err().to_string();
        assert!(error.contains("755"), "{error}");
    });
}

#[test]
fn of_two_servers_one_says_who_has_the_name() {
    let Some(_) = isolated("registry::of_two_servers_one_says_who_has_the_name", &[]) else {
        return;
    };
    nearcall::block_on(async {
        let _first = probe("probe").bind().await.unwrap();
        let error = probe("probe").bind().await.unwrap_err().to_string();
        assert!(
            error.contains("probe") && error.contains(&std::process::id().to_string()),
            "{error}"
        );
    });
}

#[test]
fn servers_that_start_while_others_stop_find_the_folder() {
    let name = "registry::servers_that_start_while_others_stop_find_the_folder";
    let Some(_) = isolated(name, &[]) else { return };
    nearcall::block_on(async {
        let rounds = |name: &'static str| {
            tokio::spawn(async move {
                for _ in 0..200 {
                    // Bound and dropped: the folder comes and goes.
                    probe(name).bind().await.unwrap();
                }
            })
        };
        let (one, two) = (rounds("one"), rounds("two"));
        one.await.unwrap();
        two.await.unwrap();
    });
}

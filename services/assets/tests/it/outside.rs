//! Paths that lead out of the folder.

use nearcall::Code;
use nearcall_testkit::{link_file, link_folder};

use super::served::proto::{ListRequest, LoadRequest};
use super::served::{Loaded, Served, all, load};

/// What Windows takes for more than a file below a folder, each without an ending, and what is answered.
#[cfg(windows)]
pub(super) const OTHER_NAMES: [(&str, Code); 12] = [
    ("..\\secret", Code::PermissionDenied),
    ("music\\..\\..\\secret", Code::PermissionDenied),
    (".. /secret", Code::PermissionDenied),
    ("C:secret", Code::PermissionDenied),
    ("C:\\secret", Code::PermissionDenied),
    ("\\\\server\\share\\secret", Code::PermissionDenied),
    ("\\\\?\\C:\\secret", Code::PermissionDenied),
    ("\\\\.\\pipe\\secret", Code::PermissionDenied),
    ("waves.png:stream", Code::NotFound),
    ("NUL", Code::NotFound),
    ("music /bell", Code::NotFound),
    ("music\\bell", Code::NotFound),
];

/// That a call for a good file and this one is refused before anything is loaded.
async fn refused(served: &Served, path: &str, code: Code) {
    let channel = served.channel().await;
    let request = LoadRequest {
        paths: vec!["waves.png".to_owned(), path.to_owned()],
        ..all(true)
    };
    let mut loaded = Loaded::default();
    let status = load(&channel, request, &mut loaded, |_| false)
        .await
        .unwrap_err();
    assert_eq!(status.code(), code, "{path}: {status}");
    assert!(
        loaded.assets.is_empty() && loaded.progress.is_empty(),
        "{path}"
    );
}

async fn unlisted(served: &Served, folder: &str) {
    let mut client = served.client().await;
    let folder = folder.to_owned();
    let status = client.list(ListRequest { folder }).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied, "{status}");
}

#[tokio::test]
async fn what_leads_out_is_refused_before_anything_is_loaded() {
    let mut served = Served::start(&[]);
    let outside = served.place.path().join("secret.png");
    std::fs::copy(served.root.join("waves.png"), &outside).unwrap();
    let absolute = outside.display().to_string();
    for path in ["../secret.png", "music/../../secret.png", &absolute] {
        refused(&served, path, Code::PermissionDenied).await;
    }
    #[cfg(windows)]
    for (path, code) in OTHER_NAMES {
        refused(&served, &format!("{path}.png"), code).await;
    }
    for folder in ["..", "/"] {
        unlisted(&served, folder).await;
    }
    assert!(served.is_alive());
}

#[tokio::test]
async fn links_lead_nowhere() {
    #[cfg(windows)]
    if nearcall_testkit::left_out_by_wine("links lead a loader of assets nowhere") {
        return;
    }
    let mut served = Served::start(&[]);
    let outside = served.place.path().join("secret.png");
    std::fs::copy(served.root.join("waves.png"), &outside).unwrap();
    link_file(&outside, served.root.join("link.png")).unwrap();
    link_folder(served.place.path(), served.root.join("out")).unwrap();
    for path in ["link.png", "out/secret.png"] {
        refused(&served, path, Code::PermissionDenied).await;
    }
    unlisted(&served, "out").await;
    // They are not listed, so that all that is loaded without a name is within.
    let loaded = Loaded::all(&served.channel().await, all(true)).await;
    assert!(!loaded.assets.contains_key("link.png") && loaded.failed.is_empty());
    assert!(served.is_alive());
}

#[tokio::test]
async fn a_mesh_that_names_a_file_outside_is_damaged() {
    let served = Served::start(&[]);
    let text = std::fs::read_to_string(served.root.join("models/cube.gltf")).unwrap();
    std::fs::copy(
        served.root.join("models/cube.bin"),
        served.place.path().join("cube.bin"),
    )
    .unwrap();
    let text = text.replace("cube.bin", "../../cube.bin");
    std::fs::write(served.root.join("models/thief.gltf"), text).unwrap();
    let loaded = Loaded::all(&served.channel().await, all(true)).await;
    let failed: Vec<_> = loaded.failed.keys().map(String::as_str).collect();
    assert_eq!(failed, ["models/thief.gltf"]);
}

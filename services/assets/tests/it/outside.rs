//! Paths that lead out of the folder.

use std::os::unix::fs::symlink;

use nearcall::Code;

use super::served::proto::{ListRequest, LoadRequest};
use super::served::{Loaded, Served, all, load};

#[tokio::test]
async fn what_leads_out_is_refused_before_anything_is_loaded() {
    let mut served = Served::start(&[]);
    let outside = served.place.path().join("secret.png");
    std::fs::copy(served.root.join("waves.png"), &outside).unwrap();
    symlink(&outside, served.root.join("link.png")).unwrap();
    symlink(served.place.path(), served.root.join("out")).unwrap();
    let channel = served.channel().await;
    let absolute = outside.display().to_string();
    for path in [
        "../secret.png",
        "music/../../secret.png",
        &absolute,
        "link.png",
        "out/secret.png",
    ] {
        let request = LoadRequest {
            paths: vec!["waves.png".to_owned(), path.to_owned()],
            ..all(true)
        };
        let mut loaded = Loaded::default();
        let status = load(&channel, request, &mut loaded, |_| false)
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{path}: {status}");
        assert!(
            loaded.assets.is_empty() && loaded.progress.is_empty(),
            "{path}"
        );
    }
    let mut client = served.client().await;
    for folder in ["..", "/", "out"] {
        let folder = folder.to_owned();
        let status = client.list(ListRequest { folder }).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{status}");
    }
    // Links are not listed, so that all that is loaded without a name is within.
    let loaded = Loaded::all(&channel, all(true)).await;
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

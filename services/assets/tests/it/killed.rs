//! A loader that is killed in the middle, and a client that goes on where it was.

use super::served::{Loaded, Served, all, load};

/// More than fits between a client that does not read and a server that is stopped by that.
const COPIES: usize = 24;

#[tokio::test]
async fn who_has_some_gets_the_rest_and_nothing_twice() {
    let mut served = Served::start(&[]);
    for copy in 0..COPIES {
        let path = served.root.join(format!("copy-{copy:02}.png"));
        std::fs::copy(served.root.join("waves.png"), path).unwrap();
    }
    let channel = served.channel().await;
    let whole = Loaded::all(&channel, all(false)).await;
    assert!(whole.assets.len() > COPIES);

    // Inline, so that the server cannot be done while this client has only read the first two.
    let mut first = Loaded::default();
    let two = |loaded: &Loaded| loaded.assets.len() == 2;
    load(&channel, all(false), &mut first, two).await.unwrap();
    let mut cut = Loaded::default();
    let request = all(false);
    let kill = |loaded: &Loaded| {
        if loaded.assets.len() == 2 {
            served.kill();
        }
        false
    };
    let status = load(&channel, request, &mut cut, kill).await.unwrap_err();
    assert!(
        cut.assets.len() >= 2 && cut.assets.len() < whole.assets.len(),
        "{status}"
    );

    served.start_again();
    let mut request = all(false);
    request.have = cut.have();
    let rest = Loaded::all(&served.channel().await, request).await;
    assert_eq!(rest.skipped.len(), cut.assets.len());
    assert!(
        rest.assets
            .keys()
            .all(|path| !cut.assets.contains_key(path))
    );
    assert_eq!(rest.assets.len() + cut.assets.len(), whole.assets.len());
    for (path, (finished, bytes)) in cut.assets.iter().chain(&rest.assets) {
        let (expected, same) = &whole.assets[path];
        assert_eq!(finished.hash, expected.hash, "{path}");
        assert!(bytes.bytes() == same.bytes(), "{path} differs");
    }
}

#[tokio::test]
async fn what_changed_since_is_loaded_again() {
    let served = Served::start(&[]);
    let channel = served.channel().await;
    let before = Loaded::all(&channel, all(true)).await;
    std::fs::copy(
        served.root.join("models/cube.glb"),
        served.root.join("other.glb"),
    )
    .unwrap();
    std::fs::copy(
        served.root.join("music/chord.ogg"),
        served.root.join("music/more.ogg"),
    )
    .unwrap();
    let text = std::fs::read_to_string(served.root.join("models/inside.gltf")).unwrap();
    std::fs::write(served.root.join("models/inside.gltf"), text + "\n").unwrap();
    let mut request = all(true);
    request.have = before.have();
    let after = Loaded::all(&channel, request).await;
    let names: Vec<_> = after.assets.keys().map(String::as_str).collect();
    assert_eq!(names, ["models/inside.gltf", "music/more.ogg", "other.glb"]);
    assert_eq!(after.skipped.len(), before.assets.len() - 1);
}

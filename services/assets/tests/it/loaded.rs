//! Files of every kind, in shared memory and inline, and those that are damaged.

use nearcall::frames::Tier;

use super::served::proto::finished::What;
use super::served::proto::{Kind, ListRequest, LoadRequest, Problem};
use super::served::{Loaded, Served, all};

const SAMPLES: [&str; 7] = [
    "dunes.jpg",
    "models/cube.glb",
    "models/cube.gltf",
    "models/inside.gltf",
    "music/bell.wav",
    "music/chord.ogg",
    "waves.png",
];

/// What is large enough goes through shared memory, where there is a way.
const SHARED: Tier = if cfg!(target_os = "linux") {
    Tier::Proc
} else if cfg!(windows) {
    Tier::Handle
} else {
    Tier::Inline
};

/// Files that are.
const LARGE: [&str; 3] = ["dunes.jpg", "music/chord.ogg", "waves.png"];

fn names(loaded: &Loaded) -> Vec<&str> {
    loaded.assets.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn what_there_is_is_listed() {
    let served = Served::start(&[]);
    let mut client = served.client().await;
    let mut list = async |folder: &str| {
        let folder = folder.to_owned();
        let listed = client
            .list(ListRequest { folder })
            .await
            .unwrap()
            .into_inner();
        assert!(!listed.truncated);
        listed.assets
    };
    let assets = list("").await;
    let paths: Vec<_> = assets.iter().map(|asset| asset.path.as_str()).collect();
    assert_eq!(
        paths, SAMPLES,
        "neither the script nor the buffer of a mesh"
    );
    assert_eq!(assets[0].kind(), Kind::Texture);
    assert_eq!(assets[1].kind(), Kind::Mesh);
    assert_eq!(assets[4].kind(), Kind::Sound);
    let on_disk = std::fs::metadata(served.root.join("waves.png")).unwrap();
    assert_eq!(assets[6].bytes, on_disk.len());
    assert_eq!(list("music").await, assets[4..6]);
}

#[tokio::test]
async fn every_format_comes_whole_in_memory_and_inline() {
    let served = Served::start(&[]);
    let channel = served.channel().await;
    let mapped = Loaded::all(&channel, all(true)).await;
    let inline = Loaded::all(&channel, all(false)).await;
    assert_eq!(names(&mapped), SAMPLES);
    assert_eq!(names(&inline), SAMPLES);
    for path in SAMPLES {
        let (there, bytes) = &mapped.assets[path];
        let (here, same) = &inline.assets[path];
        let expected = if LARGE.contains(&path) {
            SHARED
        } else {
            Tier::Inline
        };
        assert_eq!(
            (bytes.tier(), same.tier()),
            (expected, Tier::Inline),
            "{path}"
        );
        assert!(bytes.bytes() == same.bytes(), "{path} differs");
        assert_eq!(bytes.len() as u64, there.length);
        assert_eq!((&there.what, &there.hash), (&here.what, &here.hash));
    }
    let Some(What::Texture(texture)) = &mapped.assets["waves.png"].0.what else {
        panic!("expected a texture");
    };
    assert_eq!(
        (texture.width, texture.height, texture.stride),
        (512, 512, 2_048)
    );
    let pixel = &mapped.assets["waves.png"].1.bytes()[..4];
    // The first colour of the script: sines of 0, 1 and 2.
    assert_eq!(pixel, [128, 212, 218, 255]);
    let Some(What::Sound(sound)) = &mapped.assets["music/bell.wav"].0.what else {
        panic!("expected a sound");
    };
    assert_eq!(
        (sound.rate, sound.channels, sound.moments),
        (22_050, 1, 22_050)
    );
    let Some(What::Mesh(mesh)) = &mapped.assets["models/cube.glb"].0.what else {
        panic!("expected a mesh");
    };
    assert_eq!((mesh.vertices, mesh.indices), (8, 36));
}

#[tokio::test]
async fn progress_only_grows_and_ends_with_everything() {
    let served = Served::start(&[]);
    let loaded = Loaded::all(&served.channel().await, all(true)).await;
    let total = loaded.progress[0].all_total;
    let mut before = 0;
    for progress in &loaded.progress {
        assert!(progress.done <= progress.total && progress.all_done >= before);
        assert_eq!(progress.all_total, total);
        before = progress.all_done;
    }
    assert_eq!(before, total);
    let of_each = |path: &str| {
        loaded
            .progress
            .iter()
            .any(|one| one.path == path && one.done == one.total)
    };
    assert!(SAMPLES.into_iter().all(of_each));
}

#[tokio::test]
async fn a_damaged_file_is_told_and_the_rest_goes_on() {
    let mut served = Served::start(&[]);
    let good = std::fs::read(served.root.join("waves.png")).unwrap();
    std::fs::write(served.root.join("half.png"), &good[..good.len() / 2]).unwrap();
    std::fs::write(served.root.join("lie.wav"), &good).unwrap();
    std::fs::write(served.root.join("empty.ogg"), "").unwrap();
    std::fs::File::create(served.root.join("huge.png"))
        .unwrap()
        .set_len(65 << 20)
        .unwrap();
    let channel = served.channel().await;
    let loaded = Loaded::all(&channel, all(true)).await;
    assert_eq!(names(&loaded), SAMPLES);
    let failed: Vec<_> = loaded
        .failed
        .values()
        .map(|one| (one.path.as_str(), one.problem()))
        .collect();
    let expected = [
        ("empty.ogg", Problem::Corrupt),
        ("half.png", Problem::Corrupt),
        ("huge.png", Problem::TooLarge),
        ("lie.wav", Problem::Corrupt),
    ];
    assert_eq!(failed, expected);
    let some = LoadRequest {
        paths: ["none.png", "notes.txt", "music/bell.wav"]
            .map(str::to_owned)
            .to_vec(),
        ..all(true)
    };
    let loaded = Loaded::all(&channel, some).await;
    assert_eq!(names(&loaded), ["music/bell.wav"]);
    assert!(
        loaded
            .failed
            .values()
            .all(|one| one.problem() == Problem::NotFound)
    );
    assert_eq!(loaded.failed.len(), 2);
    assert!(served.is_alive());
}

#[tokio::test]
async fn memory_outlives_the_server_and_what_it_lets_go_of_is_given_back() {
    let mut served = Served::start(&[]);
    let channel = served.channel().await;
    let loaded = Loaded::all(&channel, all(true)).await;
    // A client that lets go by itself leaves nothing at the server, however often it loads.
    for _ in 0..3 {
        drop(Loaded::all(&channel, all(true)).await);
    }
    #[cfg(target_os = "linux")]
    assert_eq!(served.shared_memory(), 0);
    served.kill();
    let (finished, bytes) = &loaded.assets["waves.png"];
    assert_eq!(bytes.tier(), SHARED);
    let sum: u64 = bytes.iter().map(|byte| u64::from(*byte)).sum();
    assert!(sum > 0 && bytes.len() as u64 == finished.length);
}

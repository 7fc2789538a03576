//! `nearcall frames`: channels of a world, listed, looked into and saved.

use nearcall::frames::meta::Video;
use nearcall::frames::{Details, Frames, Geometry, Meta, Tier};
use nearcall::tokio;
use nearcall::tokio::sync::oneshot;
use nearcall_testkit::isolated;

use crate::program::program;

#[tokio::test]
async fn channels_are_listed_looked_into_and_saved() {
    let name = "frames::channels_are_listed_looked_into_and_saved";
    let Some(folder) = isolated(name, &[]) else {
        return;
    };
    let nothing = program(&["frames", "list"]).run().await;
    assert!(nothing.stderr.contains("no server has frame channels"));

    let frames = Frames::new();
    #[cfg(target_os = "linux")]
    frames.allow_files().unwrap();
    let geometry = Geometry::new(8, 100_000, 1).unwrap();
    let mut main = frames.channel("render.main", geometry).unwrap();
    let (_stop, stopped) = oneshot::channel::<()>();
    let server = nearcall::Server::new("render").add_service(frames.service());
    let server = server.stop_when(async { drop(stopped.await) });
    tokio::spawn(server.bind().await.unwrap().serve());
    let details = Details {
        meta: Meta::Video(Video::new(2, 2, 8, *b"AB24")),
        ..Details::default()
    };
    let pixels = [200, 0, 0, 255, 0, 200, 0, 255, 0, 0, 200, 255, 9, 9, 9, 255];
    main.copy(&pixels, &details).unwrap();

    let listed = program(&["frames", "list", "--json"]).run().await.stdout;
    let rows: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(rows[0]["channel"], "render.main");
    assert_eq!(rows[0]["server"], "render");
    assert_eq!(rows[0]["latest"], 1);

    let stat = program(&["frames", "stat", "render.main", "--json"])
        .run()
        .await
        .stdout;
    let stat: serde_json::Value = serde_json::from_str(&stat).unwrap();
    assert_eq!(
        (&stat["published"], stat["readers"].as_array().map(Vec::len)),
        (&1.into(), Some(0))
    );

    let file = folder.join("picture.png");
    let words = [
        "frames",
        "save",
        "render.main",
        "--out",
        file.to_str().unwrap(),
    ];
    let saved = program(&words).run().await;
    assert_eq!(saved.code, Some(0), "{}", saved.stderr);
    let fastest = Tier::ALL[0];
    let way = format!("frame 1, 2 by 2, by way of {fastest}");
    assert!(saved.stdout.contains(&way), "{}", saved.stdout);
    let png = std::io::BufReader::new(std::fs::File::open(&file).unwrap());
    let mut png = png::Decoder::new(png).read_info().unwrap();
    let mut rgb = vec![0; png.output_buffer_size().unwrap()];
    png.next_frame(&mut rgb).unwrap();
    assert_eq!(rgb, [200, 0, 0, 0, 200, 0, 0, 0, 200, 9, 9, 9]);

    for by in &Tier::ALL[1..] {
        let words = [&words[..], &["--by", by.as_str()]].concat();
        let saved = program(&words).run().await;
        let way = format!("by way of {by}");
        assert!(
            saved.stdout.contains(&way),
            "{} {}",
            saved.stdout,
            saved.stderr
        );
    }
    let other = program(&["frames", "save", "render.main", "--by", "post"]);
    let other = other.run().await;
    assert_eq!(other.code, Some(2));
    let words = if cfg!(windows) {
        "expected handle, inline"
    } else {
        "expected broker, proc, file, inline"
    };
    assert!(other.stderr.contains(words), "{}", other.stderr);

    let drawn = program(&["frames", "view", "render.main", "--once"])
        .run()
        .await
        .stdout;
    assert!(drawn.contains('\u{2580}'), "{drawn:?}");

    let wrong = program(&["frames", "save", "rendr.main"]).run().await;
    assert_eq!(wrong.code, Some(1));
    assert!(
        wrong.stderr.contains("there is render.main"),
        "{}",
        wrong.stderr
    );
}

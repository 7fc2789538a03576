//! `nearcall frames` at the renderer of this repository: three processes, of which one draws, one reads and one is the command.

use std::collections::BTreeMap;
use std::env::consts::EXE_SUFFIX;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nearcall::frames::{FrameStream, Options, Policy, Tier};
use nearcall::tokio;
use nearcall_testkit::isolated;
use serde_json::Value;

use crate::program::program;

/// Far longer than anything here takes, however busy the machine is.
const LONG: Duration = Duration::from_secs(180);

/// How long between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Columns and rows of each picture: large enough that it is not sent as bytes.
const SIZE: (u32, u32) = (320, 180);

/// How frames come where memory is shared, which processes of one user do.
const TIER: Tier = if cfg!(windows) {
    Tier::Handle
} else {
    Tier::Broker
};

/// The pixels of frames, red, green and blue, by their numbers.
type Seen = Arc<Mutex<BTreeMap<u64, Vec<u8>>>>;

/// A process that is killed when the test is over, whatever came of it.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The renderer stands beside the command; where only the tests of the command are built it is built now.
fn renderer() -> PathBuf {
    let path =
        Path::new(env!("CARGO_BIN_EXE_nearcall")).with_file_name(format!("render{EXE_SUFFIX}"));
    #[cfg(unix)]
    if !path.is_file() {
        let folder = path.parent().unwrap();
        let profile = folder.file_name().unwrap().to_str().unwrap();
        let profile = if profile == "debug" { "dev" } else { profile };
        let built = Command::new(env!("CARGO"))
            .args(["build", "--package", "render", "--profile", profile])
            .arg("--target-dir")
            .arg(folder.parent().unwrap())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(built.unwrap().success(), "the renderer is not built");
    }
    assert!(
        path.is_file(),
        "{} is not built; run `cargo build --package render` for this target",
        path.display()
    );
    std::path::absolute(path).unwrap()
}

/// Starts the renderer under its name, a few pictures a second.
fn render() -> Killed {
    let (width, height) = SIZE;
    let child = Command::new(renderer())
        .args(["render", &format!("{width}x{height}@5")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    Killed(child)
}

/// The rows of `nearcall frames list` once there are some: the renderer draws its land before it listens.
async fn listed() -> Value {
    let start = Instant::now();
    loop {
        let done = program(&["frames", "list", "--json"]).run().await;
        let rows: Value = serde_json::from_str(&done.stdout).unwrap();
        if rows.as_array().is_some_and(|rows| !rows.is_empty()) {
            return rows;
        }
        assert!(start.elapsed() < LONG, "{rows} {}", done.stderr);
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Sees each frame, in place, and keeps what its pixels were.
async fn keep(mut stream: FrameStream, seen: Seen) {
    while let Some(frame) = stream.next().await.unwrap() {
        let pixels = frame.bytes().chunks_exact(4);
        let pixels = pixels.flat_map(|pixel| pixel[..3].to_vec()).collect();
        seen.lock().unwrap().insert(frame.seq(), pixels);
    }
}

fn load(from: &Path) -> (u32, u32, Vec<u8>) {
    let file = BufReader::new(File::open(from).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb);
    (info.width, info.height, pixels)
}

/// Whether a saved picture is what the reader saw in the frame of this number, if it saw that one.
fn is_as_seen(picture: &Path, seq: u64, seen: &Seen) -> bool {
    let (width, height, pixels) = load(picture);
    assert_eq!((width, height), SIZE);
    // A sky above a land: not one colour, and not zeros.
    let colours: std::collections::BTreeSet<_> = pixels.chunks_exact(3).collect();
    assert!(colours.len() > 50, "{} colours", colours.len());
    let seen = seen.lock().unwrap();
    let Some(expected) = seen.get(&seq) else {
        return false;
    };
    assert!(pixels == *expected, "frame {seq} is another picture");
    true
}

/// The number in "land.png: frame 12, 320 by 180, by way of broker".
fn saved_frame(said: &str) -> u64 {
    let seq = said.split_once(": frame ").unwrap().1;
    seq.split_once(',').unwrap().0.parse().unwrap()
}

#[tokio::test]
async fn what_a_renderer_draws_is_listed_counted_saved_and_recorded() {
    let name = "drawn::what_a_renderer_draws_is_listed_counted_saved_and_recorded";
    let Some(folder) = isolated(name, &[]) else {
        return;
    };
    let renderer = render();
    let rows = listed().await;
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    assert_eq!(rows[0]["channel"], "render.main");
    assert_eq!(rows[0]["server"], "render");

    let channel = nearcall::connect("render").await.unwrap();
    let options = Options {
        policy: Policy::DropOldest { depth: 2 },
        ..Options::default()
    };
    let stream = options.open(&channel, "render.main").await.unwrap();
    assert_eq!(stream.tier(), Some(TIER));
    let seen = Seen::default();
    let reader = tokio::spawn(keep(stream, Arc::clone(&seen)));
    let start = Instant::now();
    while seen.lock().unwrap().is_empty() {
        assert!(start.elapsed() < LONG, "nothing is drawn");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }

    let stat = program(&["frames", "stat", "render.main", "--json"]);
    let stat: Value = serde_json::from_str(&stat.run().await.stdout).unwrap();
    assert!(stat["published"].as_u64() > Some(0), "{stat}");
    assert_eq!(stat["readers"].as_array().unwrap().len(), 1, "{stat}");
    let [of, tier, standing] = ["pid", "tier", "standing"].map(|key| &stat["readers"][0][key]);
    assert_eq!(
        (of, tier, standing),
        (
            &std::process::id().into(),
            &TIER.as_str().into(),
            &"live".into()
        )
    );

    for by in [TIER, Tier::Inline] {
        let file = folder.join(format!("{by}.png"));
        let words = [
            "frames",
            "save",
            "render.main",
            "--by",
            by.as_str(),
            "--out",
        ];
        let words = [&words[..], &[file.to_str().unwrap()]].concat();
        let start = Instant::now();
        // On a machine that is busy the reader misses a frame now and then.
        loop {
            let saved = program(&words).run().await;
            assert_eq!(saved.code, Some(0), "{}", saved.stderr);
            let way = format!("320 by 180, by way of {by}");
            assert!(saved.stdout.contains(&way), "{}", saved.stdout);
            if is_as_seen(&file, saved_frame(&saved.stdout), &seen) {
                break;
            }
            assert!(start.elapsed() < LONG, "the reader sees no frame");
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    let film = folder.join("film");
    let words = ["frames", "record", "render.main", "--count", "3", "--out"];
    let words = [&words[..], &[film.to_str().unwrap()]].concat();
    let recorded = program(&words).run().await;
    assert_eq!(recorded.code, Some(0), "{}", recorded.stderr);
    assert!(
        recorded.stdout.contains("film: 3 frames, "),
        "{}",
        recorded.stdout
    );
    let pictures = fs::read_dir(&film)
        .unwrap()
        .map(|file| file.unwrap().path());
    let pictures: Vec<_> = pictures.collect();
    assert_eq!(pictures.len(), 3, "{pictures:?}");
    for picture in &pictures {
        let seq = picture.file_stem().unwrap().to_str().unwrap();
        // Which of them the reader saw is left to chance; what it saw is the same.
        is_as_seen(picture, seq.parse().unwrap(), &seen);
    }
    reader.abort();
    drop(renderer);
}

#[tokio::test]
async fn a_recording_that_is_interrupted_keeps_what_came() {
    let name = "drawn::a_recording_that_is_interrupted_keeps_what_came";
    let Some(folder) = isolated(name, &[]) else {
        return;
    };
    let _renderer = render();
    listed().await;
    let film = folder.join("film");
    let words = ["frames", "record", "render.main", "--count", "1000000"];
    let words = [&words[..], &["--out", film.to_str().unwrap()]].concat();
    let recording = program(&words).talk();
    let start = Instant::now();
    let pictures = || fs::read_dir(&film).map_or(0, Iterator::count);
    while pictures() < 2 {
        assert!(start.elapsed() < LONG, "nothing is recorded");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    #[cfg(windows)]
    if nearcall_testkit::left_out_by_wine("a recording ends by ctrl-break and says what came") {
        recording.kill().await;
        return;
    }
    let done = recording.interrupt().await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let said = format!("film: {} frames, ", pictures());
    assert!(done.stdout.contains(&said), "{}", done.stdout);
}

//! A picture that the renderer draws into shared memory, and that this process saves.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nearcall::Channel;
use nearcall::frames::{Frame, Meta, Options, Tier};

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

const SIZE: (u32, u32) = (320, 180);

/// How frames come where memory is shared, which two processes of one user do.
const TIER: Tier = if cfg!(windows) {
    Tier::Handle
} else {
    Tier::Broker
};

/// A process that is killed when the test is over, whatever came of it.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn render(address: &str) -> Killed {
    let (width, height) = SIZE;
    let child = Command::new(env!("CARGO_BIN_EXE_render"))
        .args([address, &format!("{width}x{height}@30")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    Killed(child)
}

fn address(folder: &Path) -> String {
    if cfg!(windows) {
        format!("pipe:nearcall-render-test-{}", std::process::id())
    } else {
        format!("unix:{}", folder.join("render.sock").display())
    }
}

/// The renderer draws its land first, and then listens.
async fn connected(address: &str) -> Channel {
    let start = Instant::now();
    loop {
        match Channel::connect(address).await {
            Ok(channel) => return channel,
            Err(error) => assert!(start.elapsed() < LONG, "{error}"),
        }
        nearcall::tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn save(frame: &Frame, to: &Path) {
    let Meta::Video(video) = frame.meta() else {
        panic!("expected a picture, found {:?}", frame.meta());
    };
    assert_eq!((video.width, video.height), SIZE);
    assert_eq!((&video.fourcc, video.stride), (b"AB24", 4 * SIZE.0));
    let file = BufWriter::new(File::create(to).unwrap());
    let mut encoder = png::Encoder::new(file, video.width, video.height);
    encoder.set_color(png::ColorType::Rgba);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(frame.bytes()).unwrap();
    writer.finish().unwrap();
}

fn load(from: &Path) -> (u32, u32, Vec<u8>) {
    let file = BufReader::new(File::open(from).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height, pixels)
}

#[test]
fn a_picture_of_another_process_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let address = address(folder.path());
    let _render = render(&address);
    let path = folder.path().join("land.png");
    let saved = nearcall::block_on(async {
        let channel = connected(&address).await;
        let open = Options::default().open(&channel, "render.main");
        let opened = nearcall::tokio::time::timeout(LONG, open).await.unwrap();
        let mut stream = opened.unwrap();
        assert_eq!(stream.tier(), Some(TIER));
        let next = nearcall::tokio::time::timeout(LONG, stream.next()).await;
        let frame = next.unwrap().unwrap().expect("a picture comes");
        save(&frame, &path);
        frame.bytes().to_vec()
    });
    let (width, height, pixels) = load(&path);
    assert_eq!((width, height), SIZE);
    assert!(pixels == saved, "the file has what stood in the memory");
    // A sky above a land: not one colour, and not zeros.
    let colours: std::collections::BTreeSet<_> = pixels.chunks_exact(4).collect();
    assert!(colours.len() > 50, "{} colours", colours.len());
}

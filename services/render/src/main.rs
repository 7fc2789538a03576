#![doc = include_str!("../README.md")]

mod camera;
mod colour;
mod land;
mod noise;
mod picture;
mod service;
mod sky;
mod studio;

use nearcall::frames::Frames;
use service::RenderService;
use service::proto::render_server::RenderServer;
use studio::{Size, Studio};

/// Pixels in a row, rows, and pictures in a second, where nothing else is said.
const SIZE: (u32, u32, u32) = (480, 270, 60);

/// `render [TARGET [WIDTHxHEIGHT[@HZ]]]`.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    nearcall::log::init();
    let mut words = std::env::args().skip(1);
    let target = words.next().unwrap_or_else(|| "render".to_owned());
    let (width, height, hz) = match words.next() {
        Some(size) => read_size(&size)?,
        None => SIZE,
    };
    let size = Size::new(width, height, hz)?;
    let frames = Frames::new();
    let studio = Studio::open(&frames, size)?;
    nearcall::block_on(async {
        nearcall::Server::new(target)
            .add_service(RenderServer::new(RenderService::new(studio.orders())))
            .add_service(frames.service())
            .serve()
            .await
    })?;
    studio.close();
    Ok(())
}

/// A size such as `1920x1080@60`; the rate may be left out.
fn read_size(text: &str) -> Result<(u32, u32, u32), String> {
    let (size, hz) = text
        .split_once('@')
        .map_or((text, None), |(size, hz)| (size, Some(hz)));
    let parse = |text: &str| text.parse::<u32>().ok();
    let parsed = size.split_once('x').and_then(|(width, height)| {
        let hz = hz.map_or(Some(SIZE.2), parse);
        Some((parse(width)?, parse(height)?, hz?))
    });
    parsed
        .ok_or_else(|| format!("expected a size such as 1920x1080 or 1920x1080@60, found {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        let check = |text, expected| assert_eq!(read_size(text).ok(), expected, "{text}");
        check("1920x1080", Some((1_920, 1_080, 60)));
        check("640x360@30", Some((640, 360, 30)));
        for wrong in ["", "640", "640x", "x360", "640x360@", "ax3"] {
            check(wrong, None);
        }
    }
}

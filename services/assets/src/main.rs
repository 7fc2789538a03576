#![doc = include_str!("../README.md")]

mod asset;
mod config;
mod decode;
mod folder;
mod limits;
mod load;
mod path;
mod service;

use config::Config;
use folder::Folder;
use nearcall::frames::Frames;
use service::AssetsService;
use service::proto::assets_server::AssetsServer;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    nearcall::log::init();
    let config = Config::read(std::env::args().skip(1))?;
    let root = &config.root;
    let folder = Folder::open(root)
        .map_err(|error| format!("cannot open the folder {}: {error}", root.display()))?;
    let frames = Frames::new();
    let assets = AssetsService::new(folder, frames.clone(), config.store);
    nearcall::block_on(async {
        nearcall::Server::new(config.target)
            .add_service(AssetsServer::new(assets))
            .add_service(frames.service())
            .serve()
            .await
    })?;
    Ok(())
}

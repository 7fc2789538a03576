//! Assets that clients send.

use nearcall::frames::{Tier, UploadOptions};
use nearcall::proto::frames::v1 as frames;
use nearcall::{Code, Status};

use super::served::proto::{Kind, StoreRequest, StoreResponse};
use super::served::{Loaded, Served, all, samples};

fn inline(bytes: &[u8]) -> frames::Bulk {
    let content = Some(frames::bulk::Content::Inline(bytes.to_vec()));
    frames::Bulk { content }
}

async fn store(
    served: &Served,
    path: &str,
    file: frames::Bulk,
    replace: bool,
) -> Result<StoreResponse, Status> {
    let request = StoreRequest {
        path: path.to_owned(),
        file: Some(file),
        replace,
    };
    let mut client = served.client().await;
    client
        .store(request)
        .await
        .map(nearcall::Response::into_inner)
}

#[tokio::test]
async fn an_upload_becomes_an_asset_whichever_way_it_comes() {
    let served = Served::start(&["--store"]);
    let channel = served.channel().await;
    let file = std::fs::read(samples().join("waves.png")).unwrap();
    for tier in Tier::USUAL {
        let options = UploadOptions {
            tiers: vec![tier],
            inline_below: 0,
        };
        let mut upload = options.open(&channel, file.len()).await.unwrap();
        assert_eq!(upload.tier(), tier);
        upload.write(0, &file).unwrap();
        let bulk = upload.commit(file.len()).unwrap();
        let path = format!("sent/{tier}.png");
        // Over the channel of the upload: it is of that connection.
        let request = StoreRequest {
            path: path.clone(),
            file: Some(bulk),
            replace: false,
        };
        let mut client = super::served::proto::assets_client::AssetsClient::new(channel.clone());
        let stored = client.store(request).await.unwrap().into_inner();
        assert_eq!(
            (stored.kind(), stored.bytes),
            (Kind::Texture, file.len() as u64)
        );
        assert!(
            std::fs::read(served.root.join(&path)).unwrap() == file,
            "{path}"
        );
        let loaded = Loaded::all(&channel, all(true)).await;
        assert_eq!(loaded.assets[&path].0.hash, stored.hash);
    }
    #[cfg(target_os = "linux")]
    assert_eq!(served.shared_memory(), 0);
}

#[tokio::test]
async fn what_is_no_asset_or_leads_out_is_not_kept() {
    let served = Served::start(&["--store"]);
    let file = std::fs::read(samples().join("models/cube.glb")).unwrap();
    let check = async |path: &str, bytes: &[u8], replace, code| {
        let stored = store(&served, path, inline(bytes), replace).await;
        assert_eq!(stored.err().map(|status| status.code()), code, "{path}");
    };
    check("new.glb", &file, false, None).await;
    check("new.glb", &file, false, Some(Code::AlreadyExists)).await;
    check("new.glb", &file, true, None).await;
    check("new.png", &file, false, Some(Code::InvalidArgument)).await;
    check("new.txt", &file, false, Some(Code::InvalidArgument)).await;
    check("new.ogg", b"", false, Some(Code::InvalidArgument)).await;
    check("../new.glb", &file, false, Some(Code::PermissionDenied)).await;
    check("/tmp/new.glb", &file, false, Some(Code::PermissionDenied)).await;
    #[cfg(windows)]
    for (path, code) in super::outside::OTHER_NAMES {
        let path = format!("{path}.glb");
        check(&path, &file, false, Some(code)).await;
    }
    assert!(!served.place.path().join("new.glb").exists());
    assert!(!served.root.join("new.png").exists());
}

#[tokio::test]
async fn a_server_that_only_reads_says_so() {
    let served = Served::start(&[]);
    let status = store(&served, "a.glb", inline(b"x"), false)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains("--store"), "{}", status.message());
}

//! From proto to assets and back.

use std::sync::Arc;

use nearcall::frames::{Bulks, Frames};
use nearcall::proto::frames::v1 as frames;
use nearcall::tokio::runtime::Handle;
use nearcall::tokio::sync::{Semaphore, mpsc};
use nearcall::tokio::task::spawn_blocking;
use nearcall::tokio_stream::wrappers::ReceiverStream;
use nearcall::{Code, ErrorDetails, Request, Response, Status, StatusExt, async_trait};

use crate::asset::{Asset, Format, LoadError, Sound, What};
use crate::decode::decode;
use crate::folder::Folder;
use crate::limits::{DECODED_AT_ONCE, EVENTS_MAX, FILE_BYTES_MAX, FILES_MAX};
use crate::load::{Event, Hash, Left, Load};
use crate::path::AssetPath;
use proto::load_response::Event as Told;
use proto::{
    Finished, Have, Kind, ListRequest, ListResponse, LoadRequest, LoadResponse, Problem,
    StoreRequest, StoreResponse, finished,
};
use sha2::{Digest as _, Sha256};

/// Generated from `proto/assets/v1/assets.proto`.
pub(crate) mod proto {
    nearcall::include_proto!("assets.v1");
}

/// Bytes of an asset that one message brings.
const CHUNK_BYTES: usize = nearcall::frames::limits::CHUNK_BYTES_MAX;

/// The service.
#[derive(Debug)]
pub(crate) struct AssetsService {
    folder: Arc<Folder>,
    frames: Frames,
    can_store: bool,
    /// What all calls decode with.
    places: Arc<Semaphore>,
}

impl AssetsService {
    pub(crate) fn new(folder: Folder, frames: Frames, can_store: bool) -> Self {
        Self {
            folder: Arc::new(folder),
            frames,
            can_store,
            places: Arc::new(Semaphore::new(DECODED_AT_ONCE)),
        }
    }
}

#[async_trait]
impl proto::assets_server::Assets for AssetsService {
    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        let within = request.into_inner().folder;
        let within = match &within[..] {
            "" => None,
            path => Some(AssetPath::new(path).map_err(|error| refused("folder", &error))?),
        };
        let folder = Arc::clone(&self.folder);
        let listed = blocking(move || folder.list(within.as_ref())).await?;
        let listed = listed.map_err(|error| refused("folder", &error))?;
        let assets = listed.entries.into_iter().map(|entry| proto::Asset {
            path: entry.path.as_str().to_owned(),
            kind: kind(entry.format).into(),
            bytes: entry.bytes,
        });
        Ok(Response::new(ListResponse {
            assets: assets.collect(),
            truncated: listed.truncated,
        }))
    }

    type LoadStream = ReceiverStream<Result<LoadResponse, Status>>;

    async fn load(
        &self,
        request: Request<LoadRequest>,
    ) -> Result<Response<Self::LoadStream>, Status> {
        let bulks = self.frames.bulks(&request);
        let request = request.into_inner();
        for (field, found) in [("paths", request.paths.len()), ("have", request.have.len())] {
            if found > FILES_MAX {
                return Err(invalid(
                    field,
                    &format!("has {found}; may have {FILES_MAX} at most"),
                ));
            }
        }
        let have = request.have.into_iter().filter_map(had).collect();
        let folder = Arc::clone(&self.folder);
        let load = blocking(move || Load::new(folder, &request.paths, have)).await?;
        let load = load.map_err(|error| refused("paths", &error))?;
        let (events, answers) = mpsc::channel(EVENTS_MAX);
        let places = Arc::clone(&self.places);
        let runtime = Handle::current();
        let can_map = request.can_map;
        spawn_blocking(move || {
            let decoding = |decode: &mut dyn FnMut()| {
                // Closed never; and without a place it would only be slower.
                let _place = runtime.block_on(places.acquire());
                decode();
            };
            let send = |told| {
                let event = Some(told);
                events
                    .blocking_send(Ok(LoadResponse { event }))
                    .map_err(|_| Left)
            };
            // Where the caller left, nobody is there to be told.
            let _ = load.run(decoding, |event| tell(event, &bulks, can_map, send));
        });
        Ok(Response::new(ReceiverStream::new(answers)))
    }

    async fn store(
        &self,
        request: Request<StoreRequest>,
    ) -> Result<Response<StoreResponse>, Status> {
        if !self.can_store {
            return Err(Status::failed_precondition(
                "this server only reads; start it with --store to keep what clients send",
            ));
        }
        let bulks = self.frames.bulks(&request);
        let StoreRequest {
            path,
            file,
            replace,
        } = request.into_inner();
        let path = AssetPath::new(&path).map_err(|error| refused("path", &error))?;
        let ending = || invalid("path", "has an ending that is none of an asset");
        let format = Format::of(path.as_str()).ok_or_else(ending)?;
        let file = file.ok_or_else(|| invalid("file", "is missing"))?;
        let folder = Arc::clone(&self.folder);
        // Nobody waits in the queue with memory of an upload for longer than a decoder takes.
        let _place = self.places.acquire().await;
        blocking(move || {
            // A copy: what is checked is what is kept, whatever the client writes meanwhile.
            let bytes = bulks.take(file)?;
            LoadError::unless("a file", bytes.len(), FILE_BYTES_MAX)
                .map_err(|error| refused("file", &error))?;
            decode(format, &bytes, &path, &folder).map_err(|error| refused("file", &error))?;
            let stored = folder.store(&path, &bytes, replace);
            if !stored.map_err(|error| refused("path", &error))? {
                return Err(Status::already_exists(format!(
                    "there is an asset {} already; say replace, or choose another path",
                    path.as_str()
                )));
            }
            Ok(Response::new(StoreResponse {
                hash: Sha256::digest(&bytes).to_vec(),
                kind: kind(format).into(),
                bytes: bytes.len() as u64,
            }))
        })
        .await?
    }
}

/// On a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Status> {
    let done = spawn_blocking(work).await;
    done.map_err(|_| Status::internal("the server lost its way; its log says more"))
}

/// What a caller says that it has; what cannot be is not there.
fn had(have: Have) -> Option<(AssetPath, Hash)> {
    Some((AssetPath::new(&have.path).ok()?, have.hash.try_into().ok()?))
}

/// Says what happened: in one message, or for bytes that do not fit into it in several.
fn tell(
    event: Event,
    bulks: &Bulks,
    can_map: bool,
    mut send: impl FnMut(Told) -> Result<(), Left>,
) -> Result<(), Left> {
    match event {
        Event::Progress {
            path,
            done,
            total,
            all_done,
            all_total,
        } => send(Told::Progress(proto::Progress {
            path: path.as_str().to_owned(),
            done,
            total,
            all_done,
            all_total,
        })),
        Event::Finished { path, hash, asset } => {
            let Asset { bytes, what } = asset;
            let shared = can_map.then(|| bulks.share(&bytes)).flatten();
            let mut pieces = bytes.chunks(CHUNK_BYTES);
            let body = shared.clone().unwrap_or_else(|| {
                let first = pieces.next().unwrap_or_default().to_vec();
                let content = Some(frames::bulk::Content::Inline(first));
                frames::Bulk { content }
            });
            send(Told::Finished(Finished {
                path: path.as_str().to_owned(),
                hash: hash.to_vec(),
                length: bytes.len() as u64,
                body: Some(body),
                what: Some(described(&what)),
            }))?;
            if shared.is_none() {
                for bytes in pieces {
                    let bytes = bytes.to_vec().into();
                    send(Told::Chunk(frames::Chunk { bytes }))?;
                }
            }
            Ok(())
        }
        Event::Failed { path, error } => send(Told::Failed(proto::Failed {
            path: path.as_str().to_owned(),
            problem: problem(&error).into(),
            message: error.to_string(),
        })),
        Event::Skipped { path } => send(Told::Skipped(proto::Skipped {
            path: path.as_str().to_owned(),
        })),
    }
}

fn described(what: &What) -> finished::What {
    match what {
        What::Texture { width, height } => finished::What::Texture(frames::Video {
            width: *width,
            height: *height,
            stride: width * 4,
            fourcc: b"AB24".to_vec(),
            damage: Vec::new(),
        }),
        What::Sound(Sound {
            rate,
            channels,
            is_float,
            moments,
        }) => {
            let format = if *is_float {
                frames::SampleFormat::F32
            } else {
                frames::SampleFormat::I16
            };
            finished::What::Sound(frames::Audio {
                rate: *rate,
                channels: (*channels).into(),
                format: format.into(),
                pts: 0,
                moments: *moments,
            })
        }
        What::Mesh(shape) => finished::What::Mesh(proto::Mesh {
            vertices: shape.vertices,
            indices: shape.indices,
            least: shape.least.to_vec(),
            most: shape.most.to_vec(),
        }),
    }
}

fn kind(format: Format) -> Kind {
    match format {
        Format::Png | Format::Jpeg => Kind::Texture,
        Format::Wav | Format::Ogg => Kind::Sound,
        Format::Gltf => Kind::Mesh,
    }
}

fn problem(error: &LoadError) -> Problem {
    match error {
        LoadError::NotFound => Problem::NotFound,
        // Of a file that is asked for it ends the call; here it is one that a file names.
        LoadError::Corrupt(_) | LoadError::Outside => Problem::Corrupt,
        LoadError::Unsupported(_) => Problem::Unsupported,
        LoadError::TooLarge { .. } => Problem::TooLarge,
        LoadError::Unreadable(_) => Problem::Unreadable,
    }
}

/// A call that is refused as a whole.
fn refused(field: &str, error: &LoadError) -> Status {
    match error {
        LoadError::Outside => Status::permission_denied(format!("{field}: {error}")),
        LoadError::NotFound => Status::not_found(format!("{field}: {error}")),
        LoadError::Unreadable(_) => Status::internal(format!("{field}: {error}")),
        LoadError::Corrupt(_) | LoadError::Unsupported(_) | LoadError::TooLarge { .. } => {
            invalid(field, &error.to_string())
        }
    }
}

fn invalid(field: &str, problem: &str) -> Status {
    let details = ErrorDetails::with_bad_request_violation(field, problem);
    Status::with_error_details(Code::InvalidArgument, format!("{field} {problem}"), details)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn what_a_caller_cannot_have_is_not_there() {
        let check = |path: &str, hash: usize, expected| {
            let have = Have {
                path: path.to_owned(),
                hash: vec![1; hash],
            };
            let all: HashMap<_, _> = had(have).into_iter().collect();
            assert_eq!(all.len(), expected, "{path} {hash}");
        };
        check("a.png", 32, 1);
        check("a.png", 31, 0);
        check("../a.png", 32, 0);
    }
}

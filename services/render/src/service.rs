//! From proto to orders and back.

use std::pin::Pin;

use nearcall::tokio_stream::wrappers::WatchStream;
use nearcall::tokio_stream::{Stream, StreamExt};
use nearcall::{Code, ErrorDetails, Request, Response, Status, StatusExt, async_trait};

use crate::studio::{CHANNEL, Done, OrderError, Orders};
use proto::{
    EventKind, LoadSceneRequest, LoadSceneResponse, ResizeRequest, ResizeResponse, WatchRequest,
    WatchResponse,
};

/// Generated from `proto/render/v1/render.proto`.
pub(crate) mod proto {
    nearcall::include_proto!("render.v1");
}

/// The service; it hands orders on.
#[derive(Debug)]
pub(crate) struct RenderService {
    orders: Orders,
}

impl RenderService {
    pub(crate) fn new(orders: Orders) -> Self {
        Self { orders }
    }
}

#[async_trait]
impl proto::render_server::Render for RenderService {
    async fn resize(
        &self,
        request: Request<ResizeRequest>,
    ) -> Result<Response<ResizeResponse>, Status> {
        let ResizeRequest { width, height } = request.into_inner();
        self.orders.resize(width, height).await.map_err(status)?;
        Ok(Response::new(ResizeResponse {}))
    }

    async fn load_scene(
        &self,
        request: Request<LoadSceneRequest>,
    ) -> Result<Response<LoadSceneResponse>, Status> {
        let LoadSceneRequest { seed } = request.into_inner();
        self.orders.load(seed).await.map_err(status)?;
        Ok(Response::new(LoadSceneResponse {}))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<WatchResponse, Status>> + Send>>;

    async fn watch(
        &self,
        _request: Request<WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let done = WatchStream::from_changes(self.orders.done());
        Ok(Response::new(Box::pin(done.map(|done| Ok(event(done))))))
    }
}

fn event(done: Done) -> WatchResponse {
    WatchResponse {
        kind: EventKind::RenderDone.into(),
        channel: CHANNEL.to_owned(),
        seq: done.seq,
        moment: done.moment,
        width: done.width,
        height: done.height,
        draw_us: u32::try_from(done.took.as_micros()).unwrap_or(u32::MAX),
    }
}

fn status(error: OrderError) -> Status {
    match error {
        OrderError::Size(error) => {
            let details = ErrorDetails::with_bad_request_violation(error.field, &error.problem);
            Status::with_error_details(Code::InvalidArgument, error.to_string(), details)
        }
        OrderError::Busy => {
            Status::resource_exhausted("other orders wait to be carried out; try again")
        }
        OrderError::Memory(error) => {
            Status::resource_exhausted(format!("no pictures of that size: {error}"))
        }
        OrderError::Closed => Status::unavailable("the renderer is stopping"),
    }
}

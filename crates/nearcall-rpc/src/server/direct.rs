//! Unary calls of the lane, from the message to the handler without an HTTP request in between: what nearly every call is.
//!
//! The layers are the same, and so is what the handler sees.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use nearcall_lane::End;
use nearcall_proto::direct;
use tonic::metadata::MetadataMap;
use tonic::{Response, Status};

use crate::lane::{Answers, Arrived, Batch, Origin};
use crate::layer::{Arriving, Facts, Layer, Layered, Stage};
use crate::server::router::Router;
use crate::server::session::Session;

/// One call, with its stage.
pub(crate) struct DirectCall<S> {
    answer: Option<direct::Answer>,
    stage: Option<S>,
    refused: Option<Status>,
}

impl<L: Layer> Layered<L, Router> {
    /// Begins a call, if it is one that can be carried out so; else it is given back.
    pub(crate) fn direct(
        &self,
        arrived: Arrived,
        origin: &Origin,
        session: Option<&Session>,
    ) -> Result<DirectCall<L::Stage>, Arrived> {
        let handler = self.inner.direct(arrived.call.path.path());
        let (Some((handler, row)), true, Some(message)) = (handler, arrived.last, &arrived.message)
        else {
            return Err(arrived);
        };
        let mut facts = Facts {
            timeout: arrived.call.timeout,
            ..Facts::default()
        };
        let begun = self.layers.begin(&mut Arriving {
            path: arrived.call.path.path(),
            headers: &arrived.call.metadata,
            facts: &mut facts,
        });
        let mut stage = match begun {
            Ok(stage) => stage,
            Err(status) => return Ok(DirectCall::refused(status)),
        };
        let mut request = tonic::Request::new(message.clone());
        *request.metadata_mut() = MetadataMap::from_headers(arrived.call.metadata);
        request.extensions_mut().insert(origin.peer.clone());
        request.extensions_mut().insert(origin.wire);
        if let Some(session) = session {
            request.extensions_mut().insert(session.clone());
        }
        let (mut request, mut answer) = (Some(request), None);
        let called = stage.around(&mut || {
            answer = request
                .take()
                .and_then(|request| handler.unary(row, request));
        });
        Ok(match called {
            Ok(()) => DirectCall {
                answer,
                stage: Some(stage),
                refused: None,
            },
            Err(status) => DirectCall::refused(status),
        })
    }
}

impl<S> DirectCall<S> {
    const fn refused(status: Status) -> Self {
        Self {
            answer: None,
            stage: None,
            refused: Some(status),
        }
    }
}

impl<S: Stage> DirectCall<S> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<Bytes>, Status>> {
        let (Some(answer), Some(stage)) = (&mut self.answer, &mut self.stage) else {
            let refused = self.refused.take();
            return Poll::Ready(Err(refused.unwrap_or_else(|| {
                Status::internal("the handler of a method that streams was called as if it did not")
            })));
        };
        let mut polled = Poll::Pending;
        stage.around(&mut || polled = Pin::new(&mut *answer).poll(cx))?;
        match polled {
            Poll::Pending => stage.poll_end(cx).map(Err),
            ready => ready,
        }
    }
}

impl<S: Stage> Answers for DirectCall<S> {
    fn poll_batch(&mut self, cx: &mut Context<'_>, batch: &mut Batch) -> Poll<()> {
        let outcome = std::task::ready!(self.poll(cx));
        // The handler's future ends here, before the answer leaves.
        self.answer = None;
        let stage = self.stage.take();
        match outcome {
            Ok(response) => {
                let (metadata, message, mut extensions) = response.into_parts();
                let mut trailers = Frame::trailers(HeaderMap::new());
                if let Some(mut stage) = stage {
                    stage.saw_head(&mut extensions);
                    stage.saw_frame(&mut trailers);
                }
                let trailers = trailers.into_trailers().unwrap_or_default();
                batch.whole(metadata.into_headers(), message, trailers);
            }
            Err(status) => batch.ended(end(&status)),
        }
        Poll::Ready(())
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        match &mut self.stage {
            Some(stage) => stage.poll_end(cx),
            None => Poll::Pending,
        }
    }
}

fn end(status: &Status) -> End {
    End {
        code: u16::try_from(i32::from(status.code())).unwrap_or(2),
        text: status.message().to_owned(),
        details: Bytes::copy_from_slice(status.details()),
        trailers: status.metadata().clone().into_headers(),
    }
}

impl<S> std::fmt::Debug for DirectCall<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DirectCall").finish_non_exhaustive()
    }
}

/// A handler's methods without HTTP, where it has them.
pub(crate) type Handler = Arc<dyn direct::Direct>;

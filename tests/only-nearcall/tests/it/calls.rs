//! Each kind of call.

use nearcall::tokio_stream::{self, Stream, StreamExt as _};
use nearcall::{Request, Response, Status, Streaming, async_trait, block_on};
use only_nearcall::proto::everything::v1::calls_client::CallsClient;
use only_nearcall::proto::everything::v1::calls_server::{Calls, CallsServer};
use only_nearcall::proto::everything::v1::{Everything, Old};

type Answers = std::pin::Pin<Box<dyn Stream<Item = Result<Everything, Status>> + Send>>;

/// Answers with what it gets.
pub(crate) struct Echo;

fn number(number: u32) -> Everything {
    Everything {
        uint32: number,
        ..Everything::default()
    }
}

#[async_trait]
impl Calls for Echo {
    type BothStreamStream = Answers;
    type ServerStreamStream = Answers;

    async fn unary(&self, request: Request<Everything>) -> Result<Response<Everything>, Status> {
        match request.get_ref().uint32 {
            0 => Err(Status::invalid_argument("expected a number")),
            _ => Ok(Response::new(request.into_inner())),
        }
    }

    async fn server_stream(
        &self,
        request: Request<Everything>,
    ) -> Result<Response<Answers>, Status> {
        let numbers = (0..request.into_inner().uint32).map(|it| Ok(number(it)));
        Ok(Response::new(Box::pin(tokio_stream::iter(numbers))))
    }

    async fn client_stream(
        &self,
        request: Request<Streaming<Everything>>,
    ) -> Result<Response<Everything>, Status> {
        let mut sum = 0;
        let mut requests = request.into_inner();
        while let Some(request) = requests.message().await? {
            sum += request.uint32;
        }
        Ok(Response::new(number(sum)))
    }

    async fn both_stream(
        &self,
        request: Request<Streaming<Everything>>,
    ) -> Result<Response<Answers>, Status> {
        let doubled = request.into_inner().map(|it| Ok(number(it?.uint32 * 2)));
        Ok(Response::new(Box::pin(doubled)))
    }

    async fn deprecated(&self, request: Request<Old>) -> Result<Response<Old>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

fn client() -> CallsClient<CallsServer<Echo>> {
    CallsClient::new(CallsServer::new(Echo))
}

#[test]
fn a_unary_call_is_answered_or_refused() {
    block_on(async {
        let answer = client().unary(number(7)).await?.into_inner();
        assert_eq!(answer, number(7));
        let status = client().unary(number(0)).await.unwrap_err();
        assert_eq!(status.code(), nearcall::Code::InvalidArgument);
        assert_eq!(status.message(), "expected a number");
        Ok::<_, Status>(())
    })
    .unwrap();
}

#[test]
fn streams_go_each_way_and_both() {
    block_on(async {
        let numbers = || tokio_stream::iter([1, 2, 3].map(number));
        let answers = client().server_stream(number(3)).await?.into_inner();
        assert_eq!(collected(answers).await?, [0, 1, 2]);
        let sum = client().client_stream(numbers()).await?.into_inner();
        assert_eq!(sum.uint32, 6);
        let answers = client().both_stream(numbers()).await?.into_inner();
        assert_eq!(collected(answers).await?, [2, 4, 6]);
        Ok::<_, Status>(())
    })
    .unwrap();
}

async fn collected(mut answers: Streaming<Everything>) -> Result<Vec<u32>, Status> {
    let mut numbers = Vec::new();
    while let Some(answer) = answers.message().await? {
        numbers.push(answer.uint32);
    }
    Ok(numbers)
}

#[test]
fn a_deprecated_call_still_works() {
    #[expect(
        deprecated,
        reason = "the lint fires at the caller's, which is what is tested"
    )]
    let answer = block_on(async {
        let old = Old {
            text: "still".to_owned(),
        };
        client().deprecated(old).await
    });
    assert_eq!(answer.unwrap().into_inner().text, "still");
}

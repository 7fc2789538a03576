//! Words of Rust, and names that generated code uses itself, may be names in a `.proto`.

use nearcall::tokio_stream::{self, Stream, StreamExt as _};
use nearcall::{Request, Response, Status, Streaming, async_trait, block_on};
use only_nearcall::proto::r#type::v1::self_::Match;
use only_nearcall::proto::r#type::v1::trait_client::TraitClient;
use only_nearcall::proto::r#type::v1::trait_server::{Trait, TraitServer};
use only_nearcall::proto::r#type::v1::r#type::Enum;
use only_nearcall::proto::r#type::v1::{self as proto, Self_, Tonic, Type, prost, tonic};

struct Words;

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = std::pin::Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[async_trait]
impl Trait for Words {
    type AwaitStream = Answers<proto::Option>;
    type MatchStream = Answers<proto::Result>;

    async fn r#type(&self, request: Request<Type>) -> Answer<Self_> {
        Ok(Response::new(
            request.into_inner().self_.unwrap_or_default(),
        ))
    }

    async fn self_(&self, request: Request<Self_>) -> Answer<Type> {
        Ok(Response::new(Type {
            r#enum: Enum::Mod.into(),
            self_: Some(request.into_inner()),
        }))
    }

    async fn r#await(
        &self,
        request: Request<Streaming<proto::String>>,
    ) -> Answer<Answers<proto::Option>> {
        let answers = request.into_inner().map(|it| {
            Ok(proto::Option {
                some: Some(it?.string),
            })
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn r#match(&self, request: Request<proto::Vec>) -> Answer<Answers<proto::Result>> {
        let answers = request.into_inner().vec.into_iter().map(|string| {
            Ok(proto::Result {
                ok: Some(proto::String { string }),
            })
        });
        Ok(Response::new(Box::pin(tokio_stream::iter(
            answers.collect::<Vec<_>>(),
        ))))
    }

    async fn r#move(&self, _request: Request<Streaming<prost::Message>>) -> Answer<tonic::Body> {
        Ok(Response::new(tonic::Body::default()))
    }

    async fn new_(&self, request: Request<Self_>) -> Answer<Self_> {
        Ok(Response::new(request.into_inner()))
    }

    async fn connect(&self, request: Request<Self_>) -> Answer<Self_> {
        Ok(Response::new(request.into_inner()))
    }
}

fn words() -> Self_ {
    Self_ {
        self_: "self".to_owned(),
        r#fn: "fn".to_owned(),
        r#match: Some(Match::Await(1)),
        ..Self_::default()
    }
}

#[test]
fn calls_named_by_words_of_rust_are_answered() {
    block_on(async {
        let mut client = TraitClient::new(TraitServer::new(Words));
        let answer = client.self_(words()).await?.into_inner();
        assert_eq!(answer.r#enum(), Enum::Mod);
        assert_eq!(client.r#type(answer).await?.into_inner(), words());
        assert_eq!(client.new_(words()).await?.into_inner(), words());
        assert_eq!(client.connect(words()).await?.into_inner(), words());

        let strings = ["a", "b"].map(|it| proto::String {
            string: it.to_owned(),
        });
        let mut answers = client
            .r#await(tokio_stream::iter(strings))
            .await?
            .into_inner();
        assert_eq!(
            answers.message().await?,
            Some(proto::Option {
                some: Some("a".to_owned())
            })
        );

        let vec = vec!["c".to_owned()];
        let mut answers = client.r#match(proto::Vec { vec }).await?.into_inner();
        let expected = proto::Result {
            ok: Some(proto::String {
                string: "c".to_owned(),
            }),
        };
        assert_eq!(answers.message().await?, Some(expected));

        let nothing = tokio_stream::iter(Vec::<prost::Message>::new());
        assert_eq!(
            client.r#move(nothing).await?.into_inner(),
            tonic::Body::default()
        );
        assert_eq!(Tonic::default().body, None);
        Ok::<_, Status>(())
    })
    .unwrap();
}

#[test]
fn packages_are_included_by_their_names() {
    assert_eq!(only_nearcall::private_name(), "type.v1.Type");
    assert_eq!(
        only_nearcall::by_tonic::Type::default().r#enum(),
        only_nearcall::by_tonic::r#type::Enum::Unspecified
    );
    assert_eq!(only_nearcall::game_state::State { tick: 1 }.tick, 1);
    assert_eq!(
        only_nearcall::loose::Loose {
            text: "a".to_owned()
        }
        .text,
        "a"
    );
}

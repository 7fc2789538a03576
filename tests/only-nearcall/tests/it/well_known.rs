//! Well-known types as requests and answers are Rust's own types, or those of the runtime.

use nearcall::codegen::prost_types::{
    Any, Duration, FieldMask, ListValue, Struct, Timestamp, Value, value,
};
use nearcall::tokio_stream::{self, Stream};
use nearcall::{Request, Response, Status, Streaming, async_trait, block_on};
use only_nearcall::proto::everything::v1::well_known_client::WellKnownClient;
use only_nearcall::proto::everything::v1::well_known_server::{WellKnown, WellKnownServer};

struct Echo;

type Answer<T> = Result<Response<T>, Status>;

macro_rules! echo {
    ($($method:ident: $type:ty),* $(,)?) => {
        #[async_trait]
        impl WellKnown for Echo {
            type CountStream = std::pin::Pin<Box<dyn Stream<Item = Result<u64, Status>> + Send>>;

            $(async fn $method(&self, request: Request<$type>) -> Answer<$type> {
                Ok(Response::new(request.into_inner()))
            })*

            async fn time(&self, request: Request<Timestamp>) -> Answer<Duration> {
                let Timestamp { seconds, nanos } = request.into_inner();
                Ok(Response::new(Duration { seconds, nanos }))
            }

            async fn object(&self, request: Request<Struct>) -> Answer<Value> {
                let kind = Some(value::Kind::StructValue(request.into_inner()));
                Ok(Response::new(Value { kind }))
            }

            async fn mask(&self, request: Request<FieldMask>) -> Answer<ListValue> {
                let text = |text| Value { kind: Some(value::Kind::StringValue(text)) };
                let values = request.into_inner().paths.into_iter().map(text).collect();
                Ok(Response::new(ListValue { values }))
            }

            async fn count(&self, request: Request<u64>) -> Answer<Self::CountStream> {
                let numbers = (0..request.into_inner()).map(Ok);
                Ok(Response::new(Box::pin(tokio_stream::iter(numbers))))
            }

            async fn total(&self, request: Request<Streaming<u64>>) -> Answer<u64> {
                let mut total = 0;
                let mut numbers = request.into_inner();
                while let Some(number) = numbers.message().await? {
                    total += number;
                }
                Ok(Response::new(total))
            }
        }
    };
}

echo! {
    empty: (),
    any: Any,
    double: f64,
    float: f32,
    int64: i64,
    u_int64: u64,
    int32: i32,
    u_int32: u32,
    bool: bool,
    text: String,
    bytes: Vec<u8>,
}

#[test]
fn each_is_echoed() {
    block_on(async {
        let mut client = WellKnownClient::new(WellKnownServer::new(Echo));
        client.empty(()).await?;
        assert_eq!(
            client.double(1.5).await?.into_inner().to_bits(),
            1.5_f64.to_bits()
        );
        assert_eq!(
            client.float(1.5).await?.into_inner().to_bits(),
            1.5_f32.to_bits()
        );
        assert_eq!(client.int64(i64::MIN).await?.into_inner(), i64::MIN);
        assert_eq!(client.u_int64(u64::MAX).await?.into_inner(), u64::MAX);
        assert_eq!(client.int32(-1).await?.into_inner(), -1);
        assert_eq!(client.u_int32(1).await?.into_inner(), 1);
        assert!(client.bool(true).await?.into_inner());
        assert_eq!(client.text("text".to_owned()).await?.into_inner(), "text");
        assert_eq!(client.bytes(vec![0, 1]).await?.into_inner(), [0, 1]);
        let any = Any {
            type_url: "/a".to_owned(),
            value: vec![1],
        };
        assert_eq!(client.any(any.clone()).await?.into_inner(), any);
        let time = Timestamp {
            seconds: 1,
            nanos: 2,
        };
        assert_eq!(
            client.time(time).await?.into_inner(),
            Duration {
                seconds: 1,
                nanos: 2
            }
        );
        let value = client.object(Struct::default()).await?.into_inner();
        assert_eq!(
            value.kind,
            Some(value::Kind::StructValue(Struct::default()))
        );
        let paths = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(
            client
                .mask(FieldMask { paths })
                .await?
                .into_inner()
                .values
                .len(),
            2
        );
        Ok::<_, Status>(())
    })
    .unwrap();
}

#[test]
fn each_streams() {
    block_on(async {
        let mut client = WellKnownClient::new(WellKnownServer::new(Echo));
        let mut numbers = client.count(2).await?.into_inner();
        assert_eq!(numbers.message().await?, Some(0));
        assert_eq!(numbers.message().await?, Some(1));
        assert_eq!(numbers.message().await?, None);
        let total = client.total(tokio_stream::iter([1_u64, 2, 3])).await?;
        assert_eq!(total.into_inner(), 6);
        Ok::<_, Status>(())
    })
    .unwrap();
}

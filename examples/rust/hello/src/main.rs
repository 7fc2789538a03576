#![doc = include_str!("../README.md")]
#![expect(clippy::print_stdout, reason = "an example says what it sees")]

use std::error::Error;
use std::time::Duration;

use nearcall::{Channel, Request, StatusExt, Streaming, tokio_stream};
use proto::arith_client::ArithClient;
use proto::{
    CountRequest, CountResponse, DivideRequest, MultiplyRequest, RunningTotalRequest, SumRequest,
};

/// Generated from `proto/arith/v1/arith.proto`.
mod proto {
    nearcall::include_proto!("arith.v1");
}

type Arith = ArithClient<Channel>;

fn main() -> Result<(), Box<dyn Error>> {
    let target = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "arith".to_owned());
    nearcall::block_on(async {
        let mut arith = ArithClient::new(nearcall::connect(target.as_str()).await?);
        call(&mut arith).await?;
        details_of_an_error(&mut arith).await?;
        deadline(&mut arith).await?;
        streams(&mut arith).await?;
        metadata(&mut arith).await?;
        nobody_there(&target).await
    })
}

async fn call(arith: &mut Arith) -> Result<(), Box<dyn Error>> {
    let answer = arith.multiply(MultiplyRequest { a: 17, b: 8 }).await?;
    println!("17 x 8 = {}", answer.into_inner().product);

    let answer = arith.divide(DivideRequest { a: 17, b: 8 }).await?;
    let answer = answer.into_inner();
    println!(
        "17 / 8 = {}, remainder {}",
        answer.quotient, answer.remainder
    );
    Ok(())
}

/// An error names the field that was wrong, for programs as well as people.
async fn details_of_an_error(arith: &mut Arith) -> Result<(), Box<dyn Error>> {
    let Err(status) = arith.divide(DivideRequest { a: 1, b: 0 }).await else {
        return Err("1 / 0 had an answer".into());
    };
    println!("1 / 0: {:?}: {}", status.code(), status.message());
    let violations = status.get_details_bad_request();
    for violation in violations.into_iter().flat_map(|bad| bad.field_violations) {
        println!("  field {}: {}", violation.field, violation.description);
    }
    Ok(())
}

/// A deadline that passes before the fourth of ten numbers.
async fn deadline(arith: &mut Arith) -> Result<(), Box<dyn Error>> {
    let mut request = Request::new(CountRequest {
        first: 1,
        count: 10,
        interval_ms: 500,
    });
    request.set_timeout(Duration::from_millis(1250));
    let mut numbers = arith.count(request).await?.into_inner();
    loop {
        match numbers.message().await {
            Ok(Some(CountResponse { number })) => println!("counted {number}"),
            Ok(None) => return Err("the count came to its end".into()),
            Err(status) => break println!("stopped counting: {:?}", status.code()),
        }
    }
    Ok(())
}

/// A stream of answers, one in each direction, and one of requests.
async fn streams(arith: &mut Arith) -> Result<(), Box<dyn Error>> {
    let request = CountRequest {
        first: 5,
        count: 4,
        interval_ms: 0,
    };
    let numbers = all(arith.count(request).await?.into_inner()).await?;
    let numbers: Vec<_> = numbers
        .iter()
        .map(|answer| answer.number.to_string())
        .collect();
    println!("counted on: {}", numbers.join(" "));

    let numbers = tokio_stream::iter([1, 2, 3].map(|number| RunningTotalRequest { number }));
    let totals = all(arith.running_total(numbers).await?.into_inner()).await?;
    let totals: Vec<_> = totals
        .iter()
        .map(|answer| answer.total.to_string())
        .collect();
    println!("totals: {}", totals.join(" "));

    let numbers = tokio_stream::iter((1..=100).map(|number| SumRequest { number }));
    let answer = arith.sum(numbers).await?.into_inner();
    println!("sum: {} of {} numbers", answer.sum, answer.count);
    Ok(())
}

async fn all<T>(mut answers: Streaming<T>) -> Result<Vec<T>, nearcall::Status> {
    let mut all = Vec::new();
    while let Some(answer) = answers.message().await? {
        all.push(answer);
    }
    Ok(all)
}

/// What goes along beside the messages, there and back.
async fn metadata(arith: &mut Arith) -> Result<(), Box<dyn Error>> {
    let mut request = Request::new(MultiplyRequest { a: 1, b: 1 });
    request.metadata_mut().insert("arith-tag", "hello".parse()?);
    let answer = arith.multiply(request).await?;
    for name in ["arith-version", "arith-tag"] {
        let value = answer.metadata().get(name);
        let value = value.ok_or_else(|| format!("no {name} in the answer"))?;
        println!("{name}: {}", value.to_str()?);
    }
    Ok(())
}

/// Where nobody listens a call fails at once.
async fn nobody_there(target: &str) -> Result<(), Box<dyn Error>> {
    let mut nobody = ArithClient::new(Channel::lazy(format!("{target}-nobody"))?);
    let Err(status) = nobody.multiply(MultiplyRequest { a: 17, b: 8 }).await else {
        return Err("nobody answered".into());
    };
    println!("nobody there: {:?}", status.code());
    Ok(())
}

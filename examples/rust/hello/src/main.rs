#![doc = include_str!("../README.md")]

use std::time::Duration;

use nearcall::tokio_stream;
use nearcall::{Request, StatusExt};
use proto::arith_client::ArithClient;
use proto::{CountRequest, DivideRequest, MultiplyRequest, RunningTotalRequest};

/// Generated from `proto/arith/v1/arith.proto`.
mod proto {
    nearcall::include_proto!("arith.v1");
}

#[expect(clippy::print_stdout, reason = "an example says what it sees")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let target = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "arith".to_owned());
    nearcall::block_on(async {
        // Dial.
        let mut arith = ArithClient::new(nearcall::connect(target).await?);

        // Call.
        let product = arith
            .multiply(MultiplyRequest { a: 17, b: 8 })
            .await?
            .into_inner()
            .product;
        println!("17 x 8 = {product}");

        // An error, with the field that was wrong.
        let Err(status) = arith.divide(DivideRequest { a: 1, b: 0 }).await else {
            return Err("1 / 0 had an answer".into());
        };
        println!("1 / 0: {:?}: {}", status.code(), status.message());
        for violation in status
            .get_details_bad_request()
            .into_iter()
            .flat_map(|details| details.field_violations)
        {
            println!("  field {}: {}", violation.field, violation.description);
        }

        // A deadline that passes before the third number.
        let mut request = Request::new(CountRequest {
            first: 1,
            count: 10,
            interval_ms: 200,
        });
        request.set_timeout(Duration::from_millis(500));
        let mut numbers = arith.count(request).await?.into_inner();
        loop {
            match numbers.message().await {
                Ok(Some(answer)) => println!("counted {}", answer.number),
                Ok(None) => break,
                Err(status) => {
                    println!("stopped counting: {:?}", status.code());
                    break;
                }
            }
        }

        // A stream in each direction.
        let numbers = tokio_stream::iter([1, 2, 3].map(|number| RunningTotalRequest { number }));
        let mut totals = arith.running_total(numbers).await?.into_inner();
        while let Some(answer) = totals.message().await? {
            println!("total {}", answer.total);
        }
        Ok(())
    })
}

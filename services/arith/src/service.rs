//! From proto to arithmetic and back.

use std::pin::Pin;
use std::time::Duration;

use nearcall::tokio_stream::{Stream, StreamExt};
use nearcall::{ErrorDetails, Request, Response, Status, StatusExt, Streaming, async_trait};

use crate::arithmetic::{self, NoQuotient, Total};
use crate::labels::Labels;
use proto::{
    CountRequest, CountResponse, DivideRequest, DivideResponse, MultiplyRequest, MultiplyResponse,
    RunningTotalRequest, RunningTotalResponse, SumRequest, SumResponse,
};

/// Generated from `proto/arith/v1/arith.proto`.
pub(crate) mod proto {
    nearcall::include_proto!("arith.v1");
}

/// The most numbers that one `Count` answers with.
const COUNT_MAX: u32 = 1_000_000;

/// The longest wait between two numbers, in milliseconds.
const INTERVAL_MS_MAX: u32 = 60_000;

/// Answers with a stream.
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The service; it holds nothing.
#[derive(Debug)]
pub(crate) struct ArithService;

#[async_trait]
impl proto::arith_server::Arith for ArithService {
    async fn multiply(
        &self,
        request: Request<MultiplyRequest>,
    ) -> Result<Response<MultiplyResponse>, Status> {
        let labels = Labels::of(&request);
        let MultiplyRequest { a, b } = request.into_inner();
        let product = arithmetic::multiply(a, b);
        let product = product.ok_or_else(|| {
            Status::out_of_range(format!("{a} times {b} does not fit in 64 bits"))
        })?;
        Ok(labels.on(MultiplyResponse { product }))
    }

    async fn divide(
        &self,
        request: Request<DivideRequest>,
    ) -> Result<Response<DivideResponse>, Status> {
        let labels = Labels::of(&request);
        let DivideRequest { a, b } = request.into_inner();
        let (quotient, remainder) = arithmetic::divide(a, b).map_err(|error| match error {
            NoQuotient::DivisorZero => invalid("b", "must not be zero"),
            NoQuotient::TooLarge => {
                Status::out_of_range(format!("{a} divided by {b} does not fit in 64 bits"))
            }
        })?;
        Ok(labels.on(DivideResponse {
            quotient,
            remainder,
        }))
    }

    type CountStream = Answers<CountResponse>;

    async fn count(
        &self,
        request: Request<CountRequest>,
    ) -> Result<Response<Self::CountStream>, Status> {
        let labels = Labels::of(&request);
        let CountRequest {
            first,
            count,
            interval_ms,
        } = request.into_inner();
        if count > COUNT_MAX {
            return Err(invalid(
                "count",
                &format!("is {count}; may be {COUNT_MAX} at most"),
            ));
        }
        if interval_ms > INTERVAL_MS_MAX {
            return Err(invalid(
                "interval_ms",
                &format!("is {interval_ms}; may be {INTERVAL_MS_MAX} at most"),
            ));
        }
        if first.checked_add(count.into()).is_none() {
            return Err(Status::out_of_range(format!(
                "{count} numbers from {first} do not fit in 64 bits"
            )));
        }
        let numbers = nearcall::tokio_stream::iter(first..first + i64::from(count));
        let numbers = numbers.map(|number| Ok(CountResponse { number }));
        if interval_ms == 0 {
            return Ok(labels.on(Box::pin(numbers)));
        }
        let interval = Duration::from_millis(interval_ms.into());
        Ok(labels.on(Box::pin(numbers.throttle(interval))))
    }

    async fn sum(
        &self,
        request: Request<Streaming<SumRequest>>,
    ) -> Result<Response<SumResponse>, Status> {
        let labels = Labels::of(&request);
        let mut numbers = request.into_inner();
        let mut total = Total::default();
        while let Some(SumRequest { number }) = numbers.message().await? {
            total = total.plus(number).ok_or_else(too_large)?;
        }
        Ok(labels.on(SumResponse {
            sum: total.sum,
            count: total.count,
        }))
    }

    type RunningTotalStream = Answers<RunningTotalResponse>;

    async fn running_total(
        &self,
        request: Request<Streaming<RunningTotalRequest>>,
    ) -> Result<Response<Self::RunningTotalStream>, Status> {
        let labels = Labels::of(&request);
        let mut total = Total::default();
        let answers = request.into_inner().map(move |number| {
            total = total.plus(number?.number).ok_or_else(too_large)?;
            Ok(RunningTotalResponse { total: total.sum })
        });
        Ok(labels.on(Box::pin(answers)))
    }
}

fn too_large() -> Status {
    Status::out_of_range("the sum does not fit in 64 bits")
}

/// INVALID_ARGUMENT that names the field, for programs as well as people (`google.rpc.BadRequest`).
fn invalid(field: &str, problem: &str) -> Status {
    let details = ErrorDetails::with_bad_request_violation(field, problem);
    Status::with_error_details(
        nearcall::Code::InvalidArgument,
        format!("{field} {problem}"),
        details,
    )
}

//! The call itself: messages go out as they are read and come in as they are sent; all three ends may give up.

use std::future::Future;
use std::pin::{Pin, pin};
use std::process::ExitCode;

use nearcall::raw::{OverLimit, Replies};
use nearcall::{Code, Response, Status};
use prost_reflect::bytes::Bytes;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;

use super::input::Failed;
use super::plan::Failure;
use super::{metadata, status};
use crate::output;
use crate::schema::json::{self, Style};
use crate::schema::{Schema, unknown};

/// The exit status after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// What is sent.
pub(super) enum Sent {
    /// One message, known beforehand.
    One(Bytes),
    /// Messages as they are read.
    Stream(ReceiverStream<Bytes>),
}

impl Sent {
    /// One type for both.
    pub(super) fn into_stream(self) -> Pin<Box<dyn Stream<Item = Bytes> + Send>> {
        match self {
            Self::One(message) => Box::pin(tokio_stream::once(message)),
            Self::Stream(messages) => Box::pin(messages),
        }
    }
}

/// A call and how it is shown.
pub(super) struct Exchange<'a> {
    pub(super) schema: &'a mut Schema,
    pub(super) method: &'a MethodDescriptor,
    pub(super) style: Style,
    pub(super) verbose: bool,
    pub(super) json: bool,
}

/// How a call ended on this side.
enum End {
    Status(Status),
    Input(Box<Failed>),
    Interrupted,
}

impl Exchange<'_> {
    /// Carries the call out and prints what comes.
    pub(super) async fn run(
        mut self,
        call: impl Future<Output = Result<Response<Replies>, Status>>,
        failed: Option<oneshot::Receiver<Failed>>,
    ) -> Result<ExitCode, Failure> {
        let started = Instant::now();
        let mut stop = pin!(stop(failed));
        let mut answers = 0;
        let end = self
            .answers(call, stop.as_mut(), started, &mut answers)
            .await?;
        let took = started.elapsed();
        let came = match answers {
            1 => "1 answer".to_owned(),
            answers => format!("{answers} answers"),
        };
        let (code, status) = match end {
            None => (ExitCode::SUCCESS, Code::Ok),
            Some(End::Status(status)) => (self.tell(&status).await, status.code()),
            Some(End::Interrupted) => {
                output::note(format!(
                    "interrupted: the call was cancelled after {took:.1?} and {came}"
                ));
                return Ok(ExitCode::from(INTERRUPTED));
            }
            // From here to the end of the process nothing is awaited: the sender goes, but its going is not sent, and
            // the server sees a connection that broke and not a stream that is complete.
            Some(End::Input(failed)) => return Err(failed.0.into()),
        };
        if self.verbose {
            let name = status::code_name(status);
            output::note(format!("* {name} after {took:.1?} and {came}"));
        }
        Ok(code)
    }

    /// Prints answers until the end; `None` is a good one.
    async fn answers(
        &mut self,
        call: impl Future<Output = Result<Response<Replies>, Status>>,
        mut stop: Pin<&mut impl Future<Output = End>>,
        started: Instant,
        answers: &mut u64,
    ) -> Result<Option<End>, Failure> {
        let response = tokio::select! {
            response = call => response,
            end = &mut stop => return Ok(Some(end)),
        };
        let (headers, mut replies, _) = match response {
            Ok(response) => response.into_parts(),
            Err(status) => return Ok(Some(End::Status(status))),
        };
        if self.verbose {
            output::note(format!("* headers after {:.1?}", started.elapsed()));
            for line in metadata::lines(&headers) {
                output::note(format!("< {line}"));
            }
        }
        loop {
            let message = tokio::select! {
                message = replies.message() => message,
                end = &mut stop => return Ok(Some(end)),
            };
            match message {
                Ok(Some(message)) => {
                    *answers += 1;
                    if self.verbose && *answers == 1 {
                        output::note(format!("* first answer after {:.1?}", started.elapsed()));
                    }
                    self.print(message).await?;
                }
                Ok(None) => break,
                Err(status) => return Ok(Some(End::Status(status))),
            }
        }
        if self.verbose
            && let Ok(Some(trailers)) = replies.trailers().await
        {
            for line in metadata::lines(&trailers) {
                output::note(format!("< {line}"));
            }
        }
        Ok(None)
    }

    async fn print(&mut self, message: Bytes) -> Result<(), Failure> {
        let output_type = self.method.output();
        let length = message.len();
        let told = |problem: &dyn std::fmt::Display| {
            output::failure(
                format!(
                    "an answer of {length} bytes cannot be shown as {}: {problem}",
                    output_type.full_name()
                ),
                "are the types those of this server? `nearcall describe` shows what it says of itself",
            )
        };
        let message =
            DynamicMessage::decode(output_type.clone(), message).map_err(|error| told(&error))?;
        let line = match json::print(&message, self.style) {
            Ok(line) => line,
            // Nearly always an `Any` whose type was not asked for yet.
            Err(_) => {
                let message = unknown::resolve(self.schema, message).await;
                json::print(&message, self.style).map_err(|error| told(&error))?
            }
        };
        // A line at a time reaches the reader at once: stdout is flushed at each end of line.
        output::line(line)?;
        Ok(())
    }

    /// Tells how the call failed; the exit status is the code.
    async fn tell(&mut self, status: &Status) -> ExitCode {
        if self.verbose {
            for line in metadata::lines(status.metadata()) {
                output::note(format!("< {line}"));
            }
        }
        let told = status::read(Some(self.schema), status).await;
        if self.json {
            output::note(told.json());
        } else {
            for (index, line) in told.lines().into_iter().enumerate() {
                match index {
                    0 => output::note(output::bold(output::paint(anstyle::AnsiColor::Red, line))),
                    _ => output::note(format!("  {line}")),
                }
            }
            if let Some(over) = OverLimit::of(status) {
                output::note(format!(
                    "  {} --max-message {}",
                    output::paint(anstyle::AnsiColor::Cyan, "try:"),
                    over.found
                ));
            }
        }
        ExitCode::from(u8::try_from(i32::from(status.code())).unwrap_or(2))
    }
}

/// Ends when the input is wrong or the user has had enough.
async fn stop(failed: Option<oneshot::Receiver<Failed>>) -> End {
    let input = async {
        if let Some(failed) = failed
            && let Ok(failed) = failed.await
        {
            return failed;
        }
        // No input to go wrong, or all of it was read well.
        std::future::pending().await
    };
    tokio::select! {
        failed = input => End::Input(Box::new(failed)),
        // Without a handler Ctrl-C ends the process, which cancels the call too.
        Ok(()) = tokio::signal::ctrl_c() => End::Interrupted,
    }
}

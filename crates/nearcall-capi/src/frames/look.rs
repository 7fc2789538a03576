//! Who looks for frames: a thread that polls, one that waits, or a task for what comes over a connection.
//!
//! Memory is looked at on the caller's thread, without a system call. What is written to a socket is written by the
//! threads of the library, so that a task has the stream then, and the thread that polls asks whether it came back.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use nearcall::frames::{Frame, FrameStream, NextError, Now, OpenError, Policy};
use nearcall::tokio;
use nearcall::tokio::sync::oneshot;
use nearcall::tokio::sync::oneshot::error::TryRecvError;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::lease::Lease;
use super::options;
use super::seen::Seen;
use super::trouble::{no_next, not_opened};
use crate::abi::{nearcall_frames_info, nearcall_frames_options};
use crate::fault::Fault;
use crate::runtime::{Running, may_wait, running};

/// A channel of frames that was opened.
#[derive(Debug)]
pub(crate) struct FrameReader {
    seat: Mutex<Seat>,
    closed: CancellationToken,
    held: Arc<AtomicU32>,
    /// Only the newest frame is wanted.
    newest: bool,
}

#[derive(Debug)]
struct Seat {
    holder: Holder,
    seen: Seen,
}

/// Who has the stream.
#[derive(Debug)]
enum Holder {
    /// Nobody.
    Here(Box<FrameStream>),
    /// A task of the library.
    Away(Away),
    /// A thread that waits.
    Waiting,
    /// It is over.
    Ended,
}

/// A task that has the stream.
#[derive(Debug)]
struct Away {
    back: oneshot::Receiver<Back>,
    /// Calls it back without a frame, and ends the task where nobody asks any more.
    recall: CancellationToken,
    _dropped: DropGuard,
    /// It opens the channel, which is not to be given up halfway.
    opens: bool,
}

/// What a task comes back with.
#[derive(Debug)]
struct Back {
    stream: Option<Box<FrameStream>>,
    came: Option<Result<Option<Frame>, Trouble>>,
}

#[derive(Debug)]
enum Trouble {
    Open(OpenError),
    Next(NextError),
}

impl FrameReader {
    pub(super) fn open(
        channel: nearcall::Channel,
        name: String,
        options: &nearcall_frames_options,
    ) -> Result<Self, Fault> {
        let options = options::read(options)?;
        let running = running()?;
        let newest = matches!(options.policy, Policy::Latest | Policy::Sample { .. });
        let opening = async move {
            match options.open(&channel, name).await {
                Ok(stream) => Back {
                    stream: Some(Box::new(stream)),
                    came: None,
                },
                Err(error) => Back {
                    stream: None,
                    came: Some(Err(Trouble::Open(error))),
                },
            }
        };
        let away = Away::send(&running, true, |recall| async move {
            tokio::select! {
                biased;
                () = recall.cancelled() => Back { stream: None, came: None },
                back = opening => back,
            }
        });
        Ok(Self {
            seat: Mutex::new(Seat {
                holder: Holder::Away(away),
                seen: Seen::default(),
            }),
            closed: CancellationToken::new(),
            held: Arc::default(),
            newest,
        })
    }

    /// Looks, without waiting.
    pub(super) fn poll(&self) -> Result<Option<Arc<Lease>>, Fault> {
        let mut seat = self.seat();
        loop {
            match seat.leave() {
                Holder::Here(stream) => match self.look(&mut seat, stream)? {
                    Looked::Frame(lease) => return Ok(Some(lease)),
                    Looked::Nothing => return Ok(None),
                    Looked::Elsewhere(stream) => return seat.send(stream).map(|()| None),
                },
                Holder::Away(mut away) => match away.back.try_recv() {
                    Ok(back) => {
                        if let Some(lease) = self.take_back(&mut seat, back)? {
                            return Ok(Some(lease));
                        }
                    }
                    Err(TryRecvError::Empty) => {
                        seat.holder = Holder::Away(away);
                        return Ok(None);
                    }
                    Err(TryRecvError::Closed) => {
                        seat.end();
                        return Err(Fault::Shutdown);
                    }
                },
                Holder::Waiting => return Ok(None),
                Holder::Ended => {
                    seat.end();
                    return Err(Fault::Closed);
                }
            }
        }
    }

    /// Waits until there is a frame.
    pub(super) fn wait(&self, until: Option<Instant>) -> Result<Arc<Lease>, Fault> {
        may_wait()?;
        loop {
            let holder = match self.before_waiting()? {
                Ok(lease) => return Ok(lease),
                Err(holder) => holder,
            };
            let came = self.wait_at(holder, until);
            let mut seat = self.seat();
            match came {
                Ok(Ok(back)) => {
                    if let Some(lease) = self.take_back(&mut seat, back)? {
                        return Ok(lease);
                    }
                }
                Ok(Err(away)) => seat.holder = Holder::Away(away),
                Err(fault) => {
                    seat.end();
                    return Err(fault);
                }
            }
            if self.closed.is_cancelled() {
                seat.end();
                return Err(Fault::Ended);
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return Err(seat.late());
            }
        }
    }

    /// How it is with the frames.
    pub(super) fn info(&self) -> nearcall_frames_info {
        let mut seat = self.seat();
        let Seat { holder, seen } = &mut *seat;
        if let Holder::Here(stream) = holder {
            seen.follow(stream);
        }
        seen.info(self.held.load(Ordering::Relaxed))
    }

    /// Ends it, and what waits for it.
    pub(super) fn close(&self) {
        self.closed.cancel();
        let mut seat = self.seat();
        if !matches!(seat.holder, Holder::Waiting) {
            seat.end();
        }
    }

    fn seat(&self) -> MutexGuard<'_, Seat> {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A frame that is there, or what to wait at.
    fn before_waiting(&self) -> Result<Result<Arc<Lease>, Holder>, Fault> {
        let mut seat = self.seat();
        match seat.leave() {
            Holder::Here(stream) => match self.look(&mut seat, stream)? {
                Looked::Frame(lease) => Ok(Ok(lease)),
                Looked::Nothing => Ok(Err(seat.leave())),
                Looked::Elsewhere(stream) => Ok(Err(Holder::Here(stream))),
            },
            Holder::Away(away) => Ok(Err(Holder::Away(away))),
            Holder::Waiting => Err(Fault::State(
                "another thread waits for the frames of this channel",
            )),
            Holder::Ended => {
                seat.end();
                Err(Fault::Closed)
            }
        }
    }

    /// Waits where the stream is, or for the task that has it; it stays with one that opens the channel.
    fn wait_at(&self, holder: Holder, until: Option<Instant>) -> Result<Result<Back, Away>, Fault> {
        let closed = self.closed.clone();
        let limit = async move {
            let late = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = closed.cancelled() => {}
                () = late => {}
            }
        };
        running()?.wait(async move {
            match holder {
                Holder::Here(stream) => Ok(Ok(next(stream, limit).await)),
                Holder::Away(mut away) => {
                    let back = tokio::select! {
                        biased;
                        back = &mut away.back => back,
                        () = limit => {
                            if away.opens {
                                return Ok(Err(away));
                            }
                            away.recall.cancel();
                            (&mut away.back).await
                        }
                    };
                    back.map(Ok).map_err(|_| Fault::Shutdown)
                }
                Holder::Waiting | Holder::Ended => Err(Fault::Closed),
            }
        })?
    }

    /// Looks into memory, and leaves the stream where it is if it can.
    fn look(&self, seat: &mut Seat, mut stream: Box<FrameStream>) -> Result<Looked, Fault> {
        match stream.try_next() {
            Ok(Now::Frame(frame)) => {
                let lease = self.took(seat, frame);
                seat.holder = Holder::Here(stream);
                Ok(Looked::Frame(lease))
            }
            Ok(Now::Elsewhere) => {
                seat.seen.follow(&stream);
                Ok(Looked::Elsewhere(stream))
            }
            Ok(Now::Closed) => {
                seat.end();
                Err(Fault::Closed)
            }
            Ok(_) => {
                seat.holder = Holder::Here(stream);
                Ok(Looked::Nothing)
            }
            Err(error) => {
                match error {
                    NextError::AllHeld { .. } => seat.holder = Holder::Here(stream),
                    _ => seat.end(),
                }
                Err(no_next(&error))
            }
        }
    }

    /// What a task or a thread came back with.
    fn take_back(&self, seat: &mut Seat, back: Back) -> Result<Option<Arc<Lease>>, Fault> {
        let Back { stream, came } = back;
        let fault = match (stream, came) {
            (Some(stream), None) => {
                seat.holder = Holder::Here(stream);
                return Ok(None);
            }
            (Some(mut stream), Some(Ok(Some(frame)))) => {
                seat.seen.follow(&stream);
                let newer = match self.newest.then(|| stream.try_next()) {
                    // It came a while ago, to nobody.
                    Some(Ok(Now::Frame(newer))) => newer,
                    _ => frame,
                };
                let lease = self.took(seat, newer);
                seat.holder = Holder::Here(stream);
                return Ok(Some(lease));
            }
            (Some(stream), Some(Err(Trouble::Next(error @ NextError::AllHeld { .. })))) => {
                seat.holder = Holder::Here(stream);
                return Err(no_next(&error));
            }
            (_, Some(Ok(None))) => Fault::Closed,
            (_, Some(Ok(Some(_)))) | (None, None) => Fault::Shutdown,
            (_, Some(Err(Trouble::Open(error)))) => not_opened(&error),
            (_, Some(Err(Trouble::Next(error)))) => no_next(&error),
        };
        seat.end();
        Err(fault)
    }

    fn took(&self, seat: &mut Seat, frame: Frame) -> Arc<Lease> {
        seat.seen.took(&frame);
        Arc::new(Lease::new(frame, &self.held))
    }
}

/// What a look into memory found.
enum Looked {
    Frame(Arc<Lease>),
    Nothing,
    Elsewhere(Box<FrameStream>),
}

/// The next frame, unless it is given up before.
async fn next(mut stream: Box<FrameStream>, given_up: impl Future<Output = ()>) -> Back {
    let came = tokio::select! {
        biased;
        came = stream.next() => Some(came.map_err(Trouble::Next)),
        () = given_up => None,
    };
    Back {
        stream: Some(stream),
        came,
    }
}

impl Away {
    fn send<F: Future<Output = Back> + Send + 'static>(
        running: &Running,
        opens: bool,
        work: impl FnOnce(CancellationToken) -> F,
    ) -> Self {
        let (sender, back) = oneshot::channel();
        let recall = running.stopping();
        let work = work(recall.clone());
        running.spawn(async move {
            // Who closed the channel meanwhile wants nothing any more.
            let _ = sender.send(work.await);
        });
        Self {
            back,
            _dropped: recall.clone().drop_guard(),
            recall,
            opens,
        }
    }
}

impl Seat {
    /// Who has the stream, for who takes over; to be set again.
    fn leave(&mut self) -> Holder {
        std::mem::replace(&mut self.holder, Holder::Waiting)
    }

    /// Lets a task bring the next frame.
    fn send(&mut self, stream: Box<FrameStream>) -> Result<(), Fault> {
        let opens = stream.tier().is_none();
        let running = running().inspect_err(|_| self.end())?;
        let away = Away::send(&running, opens, |recall| async move {
            next(stream, recall.cancelled()).await
        });
        self.holder = Holder::Away(away);
        Ok(())
    }

    fn end(&mut self) {
        self.holder = Holder::Ended;
        self.seen.end();
    }

    /// What is said when the time is up. A channel that is opened again goes on with that meanwhile.
    fn late(&mut self) -> Fault {
        match self.leave() {
            Holder::Here(stream) => {
                self.seen.follow(&stream);
                if stream.tier().is_some() {
                    self.holder = Holder::Here(stream);
                } else if let Err(fault) = self.send(stream) {
                    return fault;
                }
            }
            other => self.holder = other,
        }
        if self.seen.is_gone() {
            Fault::Gone
        } else {
            Fault::Timeout
        }
    }
}

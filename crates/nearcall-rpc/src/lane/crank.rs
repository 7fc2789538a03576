//! A connection without a task: whoever waits for an answer turns it, which is to write, to read once, and to hand out what
//! came. One thread reads at a time; the others wait for it to have read.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use nearcall_transport::blocking::{Stream, Wait};

use super::Shared;
use super::driver::Ended;
use crate::limits::{READ_BYTES_MAX, TURN_WAIT_MAX};
use crate::status::lane_ended;

/// What turns a connection.
pub(crate) struct Crank {
    stream: Arc<Stream>,
    reading: Mutex<Reading>,
    turns: AtomicU64,
    /// Threads that wait for another to have read.
    waiting: Mutex<usize>,
    turned: Condvar,
    /// What sends the messages of streaming calls.
    tasks: Mutex<Vec<Task>>,
    /// Whether any of them has something to do.
    woken: Arc<Woken>,
}

/// The waker of the tasks: the next turn polls them.
#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What one thread at a time has.
#[derive(Debug)]
struct Reading {
    scratch: Box<[u8]>,
    read: BytesMut,
}

/// What a turn is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// To take what is there.
    Look,
    /// To wait until something comes.
    Wait,
}

impl Crank {
    pub(crate) fn new(stream: Arc<Stream>, read: BytesMut) -> Self {
        Self {
            stream,
            reading: Mutex::new(Reading {
                scratch: vec![0; READ_BYTES_MAX].into(),
                read,
            }),
            turns: AtomicU64::new(0),
            waiting: Mutex::default(),
            turned: Condvar::new(),
            tasks: Mutex::default(),
            woken: Arc::default(),
        }
    }

    /// How often the connection was turned. Asked before one looks for something, it tells a turn whether that was already
    /// then all there was.
    pub(crate) fn turns(&self) -> u64 {
        self.turns.load(Ordering::Acquire)
    }

    /// Adds a task; it ends by itself with its call.
    pub(crate) fn add(&self, task: Task) {
        lock(&self.tasks).push(task);
        self.woken.wake_by_ref();
    }

    /// Turns the connection once. `seen` is what [`turns`](Self::turns) said before the caller found nothing.
    pub(crate) fn turn(&self, shared: &Shared, turn: Turn, seen: u64) {
        let Some((unwritten, deadline)) = self.write(shared) else {
            return;
        };
        match self.reading.try_lock() {
            // Another thread has read since, and what the caller waits for may be there.
            Ok(_) if turn == Turn::Wait && self.turns() != seen => {}
            Ok(mut reading) => {
                let wait = waits(turn, deadline);
                self.read(shared, &mut reading, wait, unwritten);
                self.turns.fetch_add(1, Ordering::Release);
                drop(reading);
                // Taken after the turn was counted: who comes to wait later sees that, and does not.
                if *lock(&self.waiting) > 0 {
                    self.turned.notify_all();
                }
            }
            Err(TryLockError::WouldBlock) if turn == Turn::Wait => {
                let mut waiting = lock(&self.waiting);
                *waiting += 1;
                let same = |_: &mut usize| self.turns() == seen;
                let waited = self.turned.wait_timeout_while(waiting, TURN_WAIT_MAX, same);
                let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
                *waiting -= 1;
            }
            Err(_) => {}
        }
    }

    /// Writes what there is, and what the tasks have to say once there is room for it. Whether something is left, and when
    /// the earliest of the calls ends; none where the connection is over.
    fn write(&self, shared: &Shared) -> Option<(bool, Option<Instant>)> {
        loop {
            if self.woken.0.swap(false, Ordering::AcqRel) {
                self.poll_tasks();
            }
            let mut state = shared.state();
            if state.lost.is_some() {
                return None;
            }
            if let Poll::Ready(Err(error)) = state.poll_write() {
                state.broken = Some(error);
            }
            let unwritten = state.broken.is_none() && state.connection.has_output();
            // Writing makes room, and so wakes tasks.
            if unwritten || !self.woken.0.load(Ordering::Acquire) {
                return Some((unwritten, state.next_deadline));
            }
        }
    }

    fn read(&self, shared: &Shared, reading: &mut Reading, wait: Wait, unwritten: bool) {
        let Reading { scratch, read } = reading;
        let (stream, mut wait) = (&self.stream, wait);
        if let (true, Wait::UpTo(limit)) = (unwritten, wait) {
            // The peer may read only once it is read itself.
            let _woken = stream.wait(limit);
            wait = Wait::No;
        }
        let ended = match stream.read(scratch, wait) {
            Ok(Some(0)) => Some(Ended::Closed),
            Ok(Some(count)) => {
                read.extend_from_slice(scratch.get(..count).unwrap_or_default());
                None
            }
            Ok(None) => None,
            Err(error) => Some(Ended::Broken(error)),
        };
        let mut wakers = Vec::new();
        let mut state = shared.state();
        let ended = ended.or_else(|| {
            loop {
                match state.receive(read, &mut wakers) {
                    // Nobody is here to serve: who makes calls that block serves nothing on their connection.
                    Ok(Some(arrived)) => state.refuse(arrived.stream),
                    Ok(None) => {
                        let ended_by = state.ended_by.take().map(Ended::Told);
                        return ended_by.or_else(|| state.broken.take().map(Ended::Broken));
                    }
                    Err(violation) => return Some(Ended::Violated(violation)),
                }
            }
        });
        if let Some(ended) = ended {
            let _told = state.poll_write();
            state.lose(&lane_ended(&ended), &mut wakers);
        }
        if state
            .next_deadline
            .is_some_and(|deadline| deadline <= Instant::now())
        {
            state.expire(Instant::now(), &mut wakers);
            // The peer hears of it now: there may be no further turn.
            let _told = state.poll_write();
        }
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn poll_tasks(&self) {
        // Out of the lock, as a task may add another.
        let mut running = std::mem::take(&mut *lock(&self.tasks));
        let waker = Waker::from(Arc::clone(&self.woken));
        let cx = &mut Context::from_waker(&waker);
        running.retain_mut(|task| task.as_mut().poll(cx).is_pending());
        lock(&self.tasks).append(&mut running);
    }
}

impl std::fmt::Debug for Crank {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crank")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

fn waits(turn: Turn, deadline: Option<Instant>) -> Wait {
    match turn {
        Turn::Look => Wait::No,
        Turn::Wait => {
            Wait::UpTo(deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())))
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends the opening and reads the peer's; false where the peer does not speak the lane, or says nothing in that time.
pub(super) fn shake_hands(
    stream: &Stream,
    opening: &mut nearcall_lane::Connection,
    patience: Duration,
) -> io::Result<Option<BytesMut>> {
    let until = Instant::now() + patience;
    while opening.has_output() {
        let output = opening.output();
        match stream.write(&[io::IoSlice::new(output.chunk())])? {
            Some(written) => output.advance(written),
            None => stream.wait(Some(until.saturating_duration_since(Instant::now())))?,
        }
    }
    let mut read = BytesMut::new();
    let mut scratch = [0; 256];
    while read.len() < nearcall_lane::MAGIC.len() && nearcall_lane::MAGIC.starts_with(&read) {
        let left = until.saturating_duration_since(Instant::now());
        let found = match stream.read(&mut scratch, Wait::UpTo(Some(left))) {
            Ok(Some(count)) if count > 0 => scratch.get(..count).unwrap_or_default(),
            Ok(None) if !left.is_zero() => continue,
            Ok(_) => return Ok(None),
            // Who does not know the opening may cut the connection off rather than close it.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
            Err(error) => return Err(error),
        };
        read.extend_from_slice(found);
    }
    Ok(read.starts_with(&nearcall_lane::MAGIC).then_some(read))
}

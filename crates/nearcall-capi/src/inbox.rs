//! What came for a caller that polls, until it looks.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use nearcall::tokio::sync::Notify;

use crate::fault::Fault;

/// A bounded queue from tasks to threads, with an end.
#[derive(Debug)]
pub(crate) struct Inbox<T, E> {
    state: Mutex<State<T, E>>,
    arrived: Condvar,
    space: Notify,
    max: usize,
}

#[derive(Debug)]
struct State<T, E> {
    items: VecDeque<T>,
    end: End<E>,
}

#[derive(Debug)]
enum End<E> {
    Open,
    /// Comes after the items.
    Ahead(E),
    Taken,
}

/// What a look found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<T, E> {
    Nothing,
    Item(T),
    End(E),
}

impl<T, E> Inbox<T, E> {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            state: Mutex::new(State {
                items: VecDeque::new(),
                end: End::Open,
            }),
            arrived: Condvar::new(),
            space: Notify::new(),
            max,
        }
    }

    /// Puts an item in once there is space for it; one that comes after the end is dropped.
    pub(crate) async fn put(&self, item: T) {
        loop {
            // Made before the look, so that space which is made after it is not missed.
            let space = self.space.notified();
            {
                let mut state = self.state();
                if !matches!(state.end, End::Open) {
                    return;
                }
                if state.items.len() < self.max {
                    state.items.push_back(item);
                    break;
                }
            }
            space.await;
        }
        self.arrived.notify_one();
        // One may have come while several wait for space.
        self.space.notify_one();
    }

    /// The first end counts.
    pub(crate) fn end(&self, end: E) {
        let mut state = self.state();
        if matches!(state.end, End::Open) {
            state.end = End::Ahead(end);
        }
        drop(state);
        self.arrived.notify_all();
        self.space.notify_one();
    }

    /// Drops what nobody will look at any more.
    pub(crate) fn clear(&self) {
        let items = std::mem::take(&mut self.state().items);
        drop(items);
        self.space.notify_one();
    }

    /// Looks, without waiting.
    pub(crate) fn take(&self) -> Result<Found<T, E>, Fault> {
        let found = take_from(&mut self.state());
        if matches!(found, Ok(Found::Item(_))) {
            self.space.notify_one();
        }
        found
    }

    /// Looks until there is something; for ever where no time is given.
    pub(crate) fn wait(&self, until: Option<Instant>) -> Result<Found<T, E>, Fault> {
        let mut state = self.state();
        loop {
            match take_from(&mut state) {
                Ok(Found::Nothing) => {}
                found => {
                    drop(state);
                    self.space.notify_one();
                    return found;
                }
            }
            state = match until {
                None => self
                    .arrived
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(Fault::Timeout);
                    }
                    let waited = self.arrived.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take_from<T, E>(state: &mut State<T, E>) -> Result<Found<T, E>, Fault> {
    if let Some(item) = state.items.pop_front() {
        return Ok(Found::Item(item));
    }
    match std::mem::replace(&mut state.end, End::Taken) {
        End::Ahead(end) => Ok(Found::End(end)),
        End::Taken => Err(Fault::Ended),
        End::Open => {
            state.end = End::Open;
            Ok(Found::Nothing)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    fn put<T>(inbox: &Inbox<T, u8>, item: T) {
        let mut work = std::pin::pin!(inbox.put(item));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(work.as_mut().poll(&mut cx).is_ready(), "there is space");
    }

    #[test]
    fn items_come_in_order_and_then_the_first_end_once() {
        let inbox = Inbox::new(2);
        assert_eq!(inbox.take().unwrap(), Found::Nothing);
        put(&inbox, 'a');
        put(&inbox, 'b');
        inbox.end(1);
        inbox.end(2);
        put(&inbox, 'c');
        assert_eq!(inbox.take().unwrap(), Found::Item('a'));
        assert_eq!(inbox.wait(None).unwrap(), Found::Item('b'));
        assert_eq!(inbox.take().unwrap(), Found::End(1));
        assert!(matches!(inbox.take(), Err(Fault::Ended)));
        assert!(matches!(inbox.wait(None), Err(Fault::Ended)));
    }

    #[test]
    fn who_puts_waits_for_space() {
        let inbox = Arc::new(Inbox::<_, u8>::new(1));
        put(&inbox, 1);
        let feeder = {
            let inbox = Arc::clone(&inbox);
            std::thread::spawn(move || nearcall::block_on(inbox.put(2)))
        };
        let until = Instant::now() + Duration::from_secs(20);
        assert_eq!(inbox.wait(Some(until)).unwrap(), Found::Item(1));
        assert_eq!(inbox.wait(Some(until)).unwrap(), Found::Item(2));
        feeder.join().unwrap();
    }

    #[test]
    fn a_wait_has_an_end() {
        let inbox = Inbox::<u8, u8>::new(1);
        let until = Instant::now() + Duration::from_millis(5);
        assert!(matches!(inbox.wait(Some(until)), Err(Fault::Timeout)));
    }
}

//! Which methods compute for long before their handlers first wait.
//!
//! The clock of the wall finds suspects, and the processor's convicts them: on a busy machine the kernel lets other
//! processes run in the middle of a poll, and the first polls of a process are slow for want of its pages.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use http::uri::PathAndQuery;
use nearcall_transport::thread_cpu_time;

use crate::limits::{FIRST_POLL_MAX, SLOW_METHODS_MAX};

/// Of the last polls of a suspect, one bit each, how many must have been long.
const LONG_OF_LAST: (u32, u8) = (3, 0b1111);

/// What stands for a method that is slow.
const SLOW: u8 = u8::MAX;

/// The methods of one connection that were seen to take long.
#[derive(Debug, Default)]
pub(crate) struct SlowMethods {
    /// The last polls of each suspect, the latest in the lowest bit, or [`SLOW`].
    suspects: HashMap<PathAndQuery, u8>,
}

/// One poll that is being measured.
#[derive(Debug)]
pub(crate) struct Measured {
    began: Instant,
    /// Where the method is a suspect.
    cpu: Option<Duration>,
}

impl SlowMethods {
    /// Whether the method's handlers are to run elsewhere.
    pub(crate) fn contains(&self, path: &PathAndQuery) -> bool {
        !self.suspects.is_empty() && self.suspects.get(path) == Some(&SLOW)
    }

    /// Before a poll.
    pub(crate) fn measure(&self, path: &PathAndQuery) -> Measured {
        let suspect = !self.suspects.is_empty() && self.suspects.contains_key(path);
        Measured {
            began: Instant::now(),
            cpu: suspect.then(thread_cpu_time),
        }
    }

    /// After it; whether it took long by the wall.
    pub(crate) fn saw(&mut self, path: &PathAndQuery, poll: &Measured) -> bool {
        let long = poll.began.elapsed() > FIRST_POLL_MAX;
        match poll.cpu {
            Some(before) => self.judge(path, thread_cpu_time() - before > FIRST_POLL_MAX),
            None if long && self.suspects.len() < SLOW_METHODS_MAX => {
                self.suspects.insert(path.clone(), LONG_OF_LAST.1);
            }
            None => {}
        }
        long
    }

    fn judge(&mut self, path: &PathAndQuery, long: bool) {
        let (enough, last) = LONG_OF_LAST;
        let Some(polls) = self.suspects.get_mut(path) else {
            return;
        };
        *polls = ((*polls << 1) | u8::from(long)) & last;
        if long && polls.count_ones() >= enough {
            *polls = SLOW;
        } else if *polls == 0 {
            self.suspects.remove(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspect_is_cleared_or_convicted_by_what_it_computes() {
        let path = PathAndQuery::from_static("/a.B/C");
        let check = |polls: &[bool], suspect: bool, slow: bool| {
            let mut methods = SlowMethods::default();
            methods.suspects.insert(path.clone(), LONG_OF_LAST.1);
            for long in polls {
                methods.judge(&path, *long);
            }
            assert_eq!(methods.suspects.contains_key(&path), suspect, "{polls:?}");
            assert_eq!(methods.contains(&path), slow, "{polls:?}");
        };
        check(&[], true, false);
        check(&[true], true, true);
        check(&[false], true, false);
        check(&[false, false, true], true, false);
        check(&[false, false, true, true], true, false);
        check(&[false, true, true, true], true, true);
        check(&[false, false, false, false], false, false);
    }

    #[test]
    fn no_more_are_kept_than_may_be() {
        let mut methods = SlowMethods::default();
        let long = Measured {
            began: Instant::now() - FIRST_POLL_MAX * 2,
            cpu: None,
        };
        for number in 0..SLOW_METHODS_MAX * 2 {
            let path = format!("/{number}").parse().unwrap();
            assert!(methods.saw(&path, &long));
        }
        assert_eq!(methods.suspects.len(), SLOW_METHODS_MAX);
    }
}

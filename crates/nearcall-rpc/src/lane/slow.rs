//! Which methods compute for long before their handlers first wait.

use std::collections::HashMap;

use http::uri::PathAndQuery;

use crate::limits::SLOW_METHODS_MAX;

/// Of the last polls of a method, one bit each, how many must have been long. One alone says little: the kernel may have
/// let another process run in the middle of it.
const LONG_OF_LAST: (u32, u8) = (3, 0b1111);

/// The methods of one connection that were seen to take long.
#[derive(Debug, Default)]
pub(crate) struct SlowMethods {
    /// The last polls of each, the latest in the lowest bit; all ones once it counts as slow.
    polls: HashMap<PathAndQuery, u8>,
}

impl SlowMethods {
    /// Whether the method's handlers are to run elsewhere.
    pub(crate) fn contains(&self, path: &PathAndQuery) -> bool {
        !self.polls.is_empty() && self.polls.get(path) == Some(&u8::MAX)
    }

    /// Notes how one poll went.
    pub(crate) fn saw(&mut self, path: PathAndQuery, long: bool) {
        if !long && self.polls.is_empty() {
            return;
        }
        let (enough, last) = LONG_OF_LAST;
        let room = self.polls.len() < SLOW_METHODS_MAX;
        match self.polls.get_mut(&path) {
            Some(polls) => {
                *polls = ((*polls << 1) | u8::from(long)) & last;
                if polls.count_ones() >= enough {
                    *polls = u8::MAX;
                } else if *polls == 0 {
                    self.polls.remove(&path);
                }
            }
            None if long && room => {
                self.polls.insert(path, 1);
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_poll_is_chance_and_three_of_four_are_not() {
        let path = || PathAndQuery::from_static("/a.B/C");
        let check = |polls: &[bool], expected: bool| {
            let mut slow = SlowMethods::default();
            polls.iter().for_each(|long| slow.saw(path(), *long));
            assert_eq!(slow.contains(&path()), expected, "{polls:?}");
        };
        check(&[], false);
        check(&[true], false);
        check(&[true, false, true, false, true], false);
        check(&[true, true, true], true);
        check(&[true, false, true, true], true);
    }

    #[test]
    fn no_more_are_kept_than_may_be() {
        let mut slow = SlowMethods::default();
        for number in 0..SLOW_METHODS_MAX * 2 {
            slow.saw(format!("/{number}").parse().unwrap(), true);
        }
        assert_eq!(slow.polls.len(), SLOW_METHODS_MAX);
    }
}

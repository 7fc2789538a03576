//! The lane, tried from outside: two connections back to back, and bytes written by hand.

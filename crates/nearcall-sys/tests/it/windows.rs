//! What Windows must hold for memory that processes share, and for what wakes and tells of their end. Each test is one
//! assumption; where it is about two processes, there are two.

mod events;
mod names;
mod processes;
mod sections;

//! What Windows must hold for memory that processes share, for what wakes and tells of their end, and for jobs. Each test is one
//! assumption; where it is about two processes, there are two.

mod events;
mod jobs;
mod names;
mod processes;
mod sections;

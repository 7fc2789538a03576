//! Calls through generated code, client to server in one process, and what generated code says of services.

mod calls;
mod messages;
mod table;
mod well_known;
mod words;

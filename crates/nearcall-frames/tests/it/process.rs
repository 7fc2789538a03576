//! Between processes.

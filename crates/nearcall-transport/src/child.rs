//! Private children: a connection to a child process that has no path, no name and no port.
//!
//! The parent makes a pair of connected sockets and passes one on; the child listens or connects at `inherit:`, whose
//! number the variable `NEARCALL_INHERIT` says.
//!
//! ```no_run
//! use std::process::Command;
//!
//! # async fn parent() -> std::io::Result<()> {
//! let (child, connection) = nearcall_transport::child::spawn(&mut Command::new("./arith"))?;
//! // Bytes that are written here are read by the child; when it dies, reading ends.
//! # Ok(())
//! # }
//! ```

use std::io;
use std::process::{Child, Command};

use crate::inherit::VARIABLE;
use crate::{Connection, imp};

/// The end that the child gets.
#[derive(Debug)]
pub struct ChildEnd(imp::ChildEnd);

/// This process's copy of the end that a command passes to its child.
///
/// Drop it once the child is spawned: as long as it lives, [`Connection`] does not end with the child. A command that
/// is spawned after that fails.
#[derive(Debug)]
pub struct Passed {
    _descriptor: imp::Passed,
}

/// Makes a pair: this process's end, and the child's.
///
/// # Errors
///
/// The process is out of descriptors.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub fn pair() -> io::Result<(Connection, ChildEnd)> {
    let (connection, child_end) = imp::ChildEnd::pair()?;
    Ok((connection, ChildEnd(child_end)))
}

impl ChildEnd {
    /// Has a command pass it to the child that is spawned next. For a command of tokio's, give `as_std_mut()`.
    #[must_use = "the end is passed for as long as this lives"]
    pub fn pass_to(self, command: &mut Command) -> Passed {
        let (number, passed) = self.0.pass_to(command);
        command.env(VARIABLE, number.to_string());
        Passed {
            _descriptor: passed,
        }
    }
}

/// Spawns a command with a connection to its child. The command can be spawned once.
///
/// # Errors
///
/// The process is out of descriptors, or the command cannot be spawned.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub fn spawn(command: &mut Command) -> io::Result<(Child, Connection)> {
    let (connection, child_end) = pair()?;
    let passed = child_end.pass_to(command);
    let child = command.spawn()?;
    drop(passed);
    Ok((child, connection))
}

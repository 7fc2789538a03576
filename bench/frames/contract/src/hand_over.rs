//! What is said to the driver, and its answer.

use std::io::{Write as _, stdin, stdout};

use crate::Result;

/// Says that readers may come.
///
/// # Errors
///
/// The driver is gone.
pub fn listening() -> Result<()> {
    say("listening")
}

pub(crate) fn say(word: &str) -> Result<()> {
    println!("{word}");
    Ok(stdout().flush()?)
}

/// Waits for a line.
pub(crate) fn wait() -> Result<()> {
    if stdin().read_line(&mut String::new())? == 0 {
        return Err("the driver is gone".into());
    }
    Ok(())
}

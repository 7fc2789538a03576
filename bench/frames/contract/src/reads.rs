//! The reader's count.

use crate::Result;
use crate::frame::{Came, now, sum};
use crate::hand_over::{say, wait};

/// What a reader has read.
#[derive(Debug)]
pub struct Reads {
    payload: usize,
    /// It looks at the head alone.
    handles: bool,
    number: u64,
    nanos: Vec<u64>,
    /// When the first and the latest frame that counts were read.
    span: Option<(u64, u64)>,
}

impl Reads {
    pub(crate) fn new(payload: usize, handles: bool) -> Self {
        Self {
            payload,
            handles,
            number: 0,
            nanos: Vec::new(),
            span: None,
        }
    }

    /// Says that whatever is published from here on will be read.
    ///
    /// # Errors
    ///
    /// The driver is gone.
    pub fn ready(&self) -> Result<()> {
        say("ready")
    }

    /// Reads every byte of a frame, or its head alone; whether more frames come.
    ///
    /// # Errors
    ///
    /// The frame is not the next one, or not as it was drawn.
    pub fn take(&mut self, bytes: &[u8]) -> Result<bool> {
        let Some(came) = Came::read(bytes).filter(|_| bytes.len() == self.payload) else {
            return Err(format!("expected {} bytes, got {}", self.payload, bytes.len()).into());
        };
        if !self.handles && sum(bytes) != came.sum(self.payload) {
            return Err(format!("frame {} is not as it was drawn", came.number()).into());
        }
        let read = now();
        if came.number() != self.number + 1 {
            let expected = self.number + 1;
            return Err(format!("expected frame {expected}, got {}", came.number()).into());
        }
        self.number += 1;
        if came.counts() {
            self.nanos.push(read.saturating_sub(came.published));
            let (first, _) = self.span.unwrap_or((read, read));
            self.span = Some((first, read));
        }
        Ok(!came.is_last())
    }

    /// Says that all is read, and prints what it came to.
    ///
    /// # Errors
    ///
    /// The driver is gone, or too few frames came.
    pub fn end(mut self) -> Result<()> {
        // The driver reads the clocks of the processes before anything is sorted.
        say("done")?;
        wait()?;
        self.nanos.sort_unstable();
        let at = |share: usize| {
            let index = self.nanos.len() * share / 100;
            self.nanos.get(index).map(|nanos| *nanos as f64 / 1e3)
        };
        let (Some(p50), Some(p99), Some((first, last))) = (at(50), at(99), self.span) else {
            return Err("not one frame counted".into());
        };
        say(&format!(
            r#"{{"frames":{},"first_ns":{first},"last_ns":{last},"p50_us":{p50},"p99_us":{p99}}}"#,
            self.nanos.len(),
        ))
    }
}

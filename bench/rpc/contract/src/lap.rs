//! A lap to warm up, and the lap that counts.

use std::io::{Write as _, stdin, stdout};
use std::time::{Duration, Instant};

use crate::{Load, Result};

/// The warm-up's share of the time of the lap that counts.
const WARM_UP: f64 = 0.25;

impl Load {
    /// The laps to run, one after the other.
    #[must_use]
    pub fn laps(&self) -> Laps {
        Laps {
            time: self.time,
            next: 0,
        }
    }
}

/// The laps of a client.
#[derive(Debug)]
pub struct Laps {
    time: Duration,
    next: u8,
}

impl Iterator for Laps {
    type Item = Result<Lap>;

    /// The second lap waits for the driver's word to go.
    fn next(&mut self) -> Option<Result<Lap>> {
        self.next += 1;
        let counts = match self.next {
            1 => false,
            2 => true,
            _ => return None,
        };
        if counts && let Err(error) = hand_over("ready") {
            return Some(Err(error));
        }
        let time = if counts {
            self.time
        } else {
            self.time.mul_f64(WARM_UP)
        };
        Some(Ok(Lap {
            start: Instant::now(),
            time,
            counts,
        }))
    }
}

/// One lap, from its start.
#[derive(Debug)]
pub struct Lap {
    start: Instant,
    time: Duration,
    counts: bool,
}

impl Lap {
    /// One of those who call at once.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller {
            began: self.start,
            until: self.start + self.time,
            nanos: Vec::new(),
        }
    }

    /// All callers are back; prints what a lap that counts came to.
    ///
    /// # Errors
    ///
    /// The driver is gone, or nobody made a call.
    pub fn end(self, callers: impl IntoIterator<Item = Caller>) -> Result<()> {
        let elapsed = self.start.elapsed();
        if !self.counts {
            return Ok(());
        }
        // The driver reads the clocks of both processes before anything is sorted.
        hand_over("done")?;
        let mut nanos = callers
            .into_iter()
            .flat_map(|caller| caller.nanos)
            .collect::<Vec<_>>();
        nanos.sort_unstable();
        let at = |share: usize| {
            let index = nanos.len() * share / 100;
            nanos.get(index).map(|nanos| f64::from(*nanos) / 1e3)
        };
        let (Some(p50), Some(p99)) = (at(50), at(99)) else {
            return Err("not one call was made".into());
        };
        println!(
            r#"{{"calls":{},"seconds":{},"p50_us":{p50},"p99_us":{p99}}}"#,
            nanos.len(),
            elapsed.as_secs_f64()
        );
        Ok(())
    }
}

/// Makes one call after the other until the lap's time is over.
#[derive(Debug)]
pub struct Caller {
    began: Instant,
    until: Instant,
    nanos: Vec<u32>,
}

impl Caller {
    /// Whether to make one more call, which begins now; each makes one, however late it came to it.
    pub fn goes_on(&mut self) -> bool {
        self.began = Instant::now();
        self.began < self.until || self.nanos.is_empty()
    }

    /// The call is answered.
    pub fn called(&mut self) {
        let nanos = self.began.elapsed().as_nanos();
        self.nanos.push(u32::try_from(nanos).unwrap_or(u32::MAX));
    }
}

/// Says how far it is, and waits for a line.
fn hand_over(word: &str) -> Result<()> {
    println!("{word}");
    stdout().flush()?;
    if stdin().read_line(&mut String::new())? == 0 {
        return Err("the driver is gone".into());
    }
    Ok(())
}

//! The processor time of one thread.

use std::time::Duration;

use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::System::Threading::{GetCurrentThread, GetThreadTimes};

/// How many units of a `FILETIME` are in a second.
const UNITS_PER_SECOND: u64 = 10_000_000;

/// How long the calling thread has run on a processor: what others ran in between does not count. Zero where the system
/// cannot say. It moves in steps of the scheduler's clock, about 15 ms. See `GetThreadTimes`.
#[must_use]
pub fn thread_cpu_time() -> Duration {
    let nothing = FILETIME {
        dwLowDateTime: 0,
        dwHighDateTime: 0,
    };
    let (mut created, mut ended, mut kernel, mut user) = (nothing, nothing, nothing, nothing);
    // SAFETY: it takes nothing, and answers a number that stands for this thread.
    let thread = unsafe { GetCurrentThread() };
    // SAFETY: the handle stands for this thread, and each pointer is to room for a time.
    let answer = unsafe {
        GetThreadTimes(
            thread,
            &raw mut created,
            &raw mut ended,
            &raw mut kernel,
            &raw mut user,
        )
    };
    if answer == 0 {
        return Duration::ZERO;
    }
    let units =
        |time: FILETIME| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    let ran = units(kernel).saturating_add(units(user));
    let nanos = u32::try_from(ran % UNITS_PER_SECOND * 100).unwrap_or(0);
    Duration::new(ran / UNITS_PER_SECOND, nanos)
}

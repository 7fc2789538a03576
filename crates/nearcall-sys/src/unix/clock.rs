//! The processor time of one thread.

use std::mem::MaybeUninit;
use std::time::Duration;

/// How long the calling thread has run on a processor, to the nanosecond: what others ran in between does not count. Zero
/// where the system cannot say.
///
/// Unlike the clock of the wall it costs a system call. See `clock_gettime(2)`, `CLOCK_THREAD_CPUTIME_ID`.
#[must_use]
pub fn thread_cpu_time() -> Duration {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the pointer is to room for a timespec, which is all that the call writes to.
    if unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, time.as_mut_ptr()) } != 0 {
        return Duration::ZERO;
    }
    // SAFETY: the call succeeded, and so has written it.
    let time = unsafe { time.assume_init() };
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

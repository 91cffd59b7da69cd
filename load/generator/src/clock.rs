//! Clocks, in nanoseconds.

/// The monotonic clock.
#[inline]
pub fn now() -> u64 {
    read(libc::CLOCK_MONOTONIC)
}

/// The clock that the kernel stamps received bytes with.
pub fn wall() -> u64 {
    read(libc::CLOCK_REALTIME)
}

/// Processor time of this process.
pub fn own_processor_time() -> u64 {
    read(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// Processor time of another process, 0 if there is none.
pub fn processor_time(pid: i32) -> u64 {
    // The kernel's encoding of "all of the time of process `pid`": ((~pid) << 3) | 2.
    read((!pid << 3) | 2)
}

fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` outlives the call; an unknown clock leaves it as it is.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// A count of seconds in nanoseconds.
pub fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

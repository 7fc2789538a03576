//! How much room this system says there is.

use std::path::Path;

use crate::room::Memory;

/// How many bytes this user may still write in a folder; none where the system cannot say. See `statvfs(3)`.
#[must_use]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let room = rustix::fs::statvfs(folder).ok()?;
    Some(room.f_bavail.saturating_mul(room.f_frsize))
}

/// How much memory there is; none where the system cannot say, which is everywhere but on Linux. See
/// `proc_meminfo(5)`.
#[must_use]
pub fn memory() -> Option<Memory> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    read(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

fn read(text: &str) -> Option<Memory> {
    let bytes = |name: &str| {
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let kibibytes: u64 = value.trim().strip_suffix(" kB")?.parse().ok()?;
        kibibytes.checked_mul(1_024)
    };
    Some(Memory {
        available: bytes("MemAvailable")?,
        total: bytes("MemTotal")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_is_read() {
        let check = |text: &str, expected: Option<(u64, u64)>| {
            let found = read(text).map(|memory| (memory.available, memory.total));
            assert_eq!(found, expected, "{text}");
        };
        check(
            "MemTotal:       4 kB\nMemFree:  1 kB\nMemAvailable:   3 kB\n",
            Some((3_072, 4_096)),
        );
        check("MemTotal: 4 kB\n", None);
        check("MemTotal: 4 kB\nMemAvailable: many kB\n", None);
    }
}

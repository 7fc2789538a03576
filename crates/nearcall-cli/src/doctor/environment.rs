//! Variables and limits that this process was given.

use std::env;
use std::ffi::OsString;

use nearcall::room::Memory;

use super::Finding;
use crate::args;
use crate::imp;
use crate::names::World;

/// Fewer open files than this are warned of: every connection and every log is one.
const OPEN_FILES_MIN: u64 = 1024;

/// Less memory than this many bytes is warned of: a channel of frames takes as much.
const MEMORY_MIN: u64 = 256 * 1024 * 1024;

/// What a variable that re-points a name begins with.
const ADDRESS_PREFIX: &str = "NEARCALL_ADDRESS_";

pub(super) fn world(world: &World) -> Finding {
    let why = if args::world_asked().is_some() {
        "by --world or NEARCALL_WORLD"
    } else if *world == World::default() {
        "by default; NEARCALL_WORLD is not set"
    } else {
        "by the nearest nearcall.toml; other programs see it only if NEARCALL_WORLD is set as well"
    };
    Finding::ok("world", format!("{world} ({why})"))
}

pub(super) fn addresses() -> Vec<Finding> {
    env::vars_os()
        .filter(|(name, _)| name.to_string_lossy().starts_with(ADDRESS_PREFIX))
        .map(|(name, value)| address(&name.to_string_lossy(), value))
        .collect()
}

fn address(name: &str, value: OsString) -> Finding {
    let Ok(value) = value.into_string() else {
        return Finding::fail(
            name,
            "not UTF-8",
            format!("unset {name}, or set it to an address"),
        );
    };
    match value.parse::<nearcall::Address>() {
        Ok(address) => Finding::ok(name, format!("re-points to {address}")),
        Err(error) => Finding::fail(
            name,
            format!("{value:?} is not an address: {error}"),
            format!(
                "unset {name}, or set it to one such as {} or http://127.0.0.1:5000",
                imp::ADDRESS_EXAMPLE
            ),
        ),
    }
}

pub(super) fn open_files() -> Option<Finding> {
    let limit = imp::open_files()?;
    let words =
        |limit: Option<u64>| limit.map_or_else(|| "no limit".to_owned(), |limit| limit.to_string());
    let found = format!(
        "{} (may be raised to {})",
        words(limit.current),
        words(limit.maximum)
    );
    if limit
        .current
        .is_some_and(|current| current < OPEN_FILES_MIN)
    {
        return Some(Finding::warn(
            "open files",
            found,
            format!("ulimit -n {OPEN_FILES_MIN}: every connection and every log is an open file"),
        ));
    }
    Some(Finding::ok("open files", found))
}

/// Where frames and assets go: none of it is on a disk.
pub(super) fn memory() -> Option<Finding> {
    nearcall::room::memory().map(memory_of)
}

fn memory_of(memory: Memory) -> Finding {
    let mebibytes = |bytes| bytes / (1024 * 1024);
    let found = format!(
        "{} of {} MiB free",
        mebibytes(memory.available),
        mebibytes(memory.total)
    );
    if memory.available < MEMORY_MIN {
        return Finding::warn(
            "memory",
            found,
            "end what takes it: frames and assets are shared in memory",
        );
    }
    Finding::ok("memory", found)
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn little_memory_is_warned_of() {
        let check = |available, verdict, found| {
            let total = 1024 * 1024 * 1024;
            let finding = memory_of(Memory { available, total });
            assert_eq!((finding.verdict, &finding.found[..]), (verdict, found));
        };
        check(MEMORY_MIN, Verdict::Ok, "256 of 1024 MiB free");
        check(MEMORY_MIN - 1, Verdict::Warn, "255 of 1024 MiB free");
    }

    #[test]
    fn addresses_are_read_as_a_caller_would() {
        let check = |value: &str, verdict| {
            let finding = address("NEARCALL_ADDRESS_ARITH", value.into());
            assert_eq!(finding.verdict, verdict, "{finding:?}");
        };
        check(imp::ADDRESS_EXAMPLE, Verdict::Ok);
        check("http://127.0.0.1:5000", Verdict::Ok);
        check("arith on the other machine", Verdict::Fail);
        check("", Verdict::Fail);
    }
}

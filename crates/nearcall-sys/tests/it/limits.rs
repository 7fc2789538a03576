//! The number of open files.

use nearcall_sys::limits::raise_open_files;

#[test]
fn the_soft_limit_is_raised_to_the_hard_one() {
    let hard = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    let (now, most) = raise_open_files();
    assert_eq!(most, hard.unwrap_or(u64::MAX));
    assert_eq!(now, most);
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    assert_eq!(limit.current, limit.maximum);
    assert_eq!(
        raise_open_files(),
        (now, most),
        "a second time changes nothing"
    );
}

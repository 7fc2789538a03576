//! Who is at the other end of a Unix socket.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::of;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub use macos::of;

/// What the kernel says of the process that connected, or that made the pair, at that time.
///
/// On macOS the process is the one that used its end of the socket last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials {
    /// Its number; 0 where it lies outside this process's PID namespace.
    pub pid: u32,
    /// Its user; across user namespaces the overflow user, usually 65534.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

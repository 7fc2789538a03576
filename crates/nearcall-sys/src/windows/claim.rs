//! The right to a name, held for as long as its holder lives.

use std::io;
use std::os::windows::io::OwnedHandle;

use windows_sys::Win32::Foundation::{ERROR_ALREADY_EXISTS, GetLastError};
use windows_sys::Win32::System::Threading::CreateMutexW;

use super::descriptor::OwnerOnly;
use super::handle::owned;
use super::text::wide;

/// A name that this process alone has. The system gives it up when this is dropped, or the process ends.
#[derive(Debug)]
pub struct Claim {
    _mutex: OwnedHandle,
}

impl Claim {
    /// Takes the name, in all sessions of this machine; none where another has it.
    ///
    /// It is the mutex of that name that counts, and not who has it locked: a lock belongs to a thread, and a listener is
    /// used by many. To make it needs no privilege, unlike a section.
    ///
    /// # Errors
    ///
    /// The name is another user's, or no name.
    pub fn take(name: &str) -> io::Result<Option<Self>> {
        let name = wide(format!("Global\\{name}"));
        let descriptor = OwnerOnly::new()?;
        let attributes = descriptor.attributes();
        // SAFETY: the name has a NUL at its end, and the attributes point to a descriptor that is still there.
        let answer = unsafe { CreateMutexW(&raw const attributes, 0, name.as_ptr()) };
        // SAFETY: it takes nothing. The thread's last error says whether the mutex was there, and nothing came in between.
        let said = unsafe { GetLastError() };
        // SAFETY: it answers a handle that is the caller's to close, or null, and asking for the last error leaves it.
        let mutex = unsafe { owned(answer) }?;
        Ok((said != ERROR_ALREADY_EXISTS).then_some(Self { _mutex: mutex }))
    }
}

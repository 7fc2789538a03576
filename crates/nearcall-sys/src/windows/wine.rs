//! Whether this is Windows at all.

use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};

use super::text::wide;

/// Whether Windows is played by Wine, which does not enforce all that Windows does: it lets a second process make the first
/// instance of a pipe, and any user open one.
#[must_use]
pub fn is_wine() -> bool {
    let name = wide("ntdll.dll");
    // SAFETY: the name has a NUL at its end.
    let library = unsafe { GetModuleHandleW(name.as_ptr()) };
    if library.is_null() {
        return false;
    }
    // SAFETY: the library is loaded in every process for as long as that lives, and the name has a NUL at its end.
    unsafe { GetProcAddress(library, c"wine_get_version".as_ptr().cast()) }.is_some()
}

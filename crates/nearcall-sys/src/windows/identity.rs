//! Users by their security identifiers, as text: `S-1-5-21-…`. The same user has the same text.

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr;
use std::sync::{Arc, OnceLock};

use windows_sys::Win32::Security::Authorization::ConvertSidToStringSidW;
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, GetTokenInformation, LookupPrivilegeValueW, PSID, SE_PRIVILEGE_ENABLED,
    SE_RESTORE_NAME, TOKEN_ACCESS_MASK, TOKEN_ADJUST_PRIVILEGES, TOKEN_INFORMATION_CLASS,
    TOKEN_MANDATORY_LABEL, TOKEN_OWNER, TOKEN_PRIVILEGES, TOKEN_QUERY, TOKEN_USER,
    TokenIntegrityLevel, TokenOwner, TokenUser,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, OpenProcess, OpenProcessToken, PROCESS_QUERY_LIMITED_INFORMATION,
};

use super::handle::{owned, succeeded};
use super::text::{LocalMemory, copied};

/// The user that this process runs as.
///
/// # Errors
///
/// The system cannot say.
pub fn own_sid() -> io::Result<Arc<str>> {
    static OWN: OnceLock<Arc<str>> = OnceLock::new();
    if let Some(known) = OWN.get() {
        return Ok(Arc::clone(known));
    }
    let sid: Arc<str> = user_of(&own_token(TOKEN_QUERY)?)?.into();
    Ok(Arc::clone(OWN.get_or_init(|| sid)))
}

/// Who owns what this process makes without saying whose it is: the user, or for one who runs elevated most often the
/// group of administrators.
///
/// # Errors
///
/// The system cannot say.
pub fn own_default_owner() -> io::Result<String> {
    let information = information(&own_token(TOKEN_QUERY)?, TokenOwner)?;
    // SAFETY: the system wrote a TOKEN_OWNER at the beginning of the buffer, which is aligned for it.
    let owner = unsafe { information.as_ptr().cast::<TOKEN_OWNER>().read() };
    // SAFETY: the identifier lies in the same buffer, which is still there.
    unsafe { text_of(owner.Owner) }
}

/// The level of integrity of this process, as a security identifier: `S-1-16-…`.
pub(super) fn own_integrity() -> io::Result<String> {
    let information = information(&own_token(TOKEN_QUERY)?, TokenIntegrityLevel)?;
    let label = information.as_ptr().cast::<TOKEN_MANDATORY_LABEL>();
    // SAFETY: the system wrote a TOKEN_MANDATORY_LABEL at the beginning of the buffer, which is aligned for it.
    let label = unsafe { label.read() };
    // SAFETY: the identifier lies in the same buffer, which is still there.
    unsafe { text_of(label.Label.Sid) }
}

/// The user that a process runs as.
///
/// # Errors
///
/// There is no such process, or this user may not ask.
pub fn sid_of_process(pid: u32) -> io::Result<String> {
    // SAFETY: it takes plain numbers.
    let answer = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) };
    // SAFETY: it was called right before and answers a handle to close, or null.
    let process = unsafe { owned(answer) }?;
    let mut token = ptr::null_mut();
    // SAFETY: the process is open, and the pointer is to room for a handle.
    let answer = unsafe { OpenProcessToken(process.as_raw_handle(), TOKEN_QUERY, &raw mut token) };
    succeeded(answer)?;
    // SAFETY: the call succeeded and wrote a handle that is the caller's to close.
    user_of(&unsafe { owned(token) }?)
}

/// Lets this process make what belongs to others, as an administrator may: for tests of who takes a name first. See
/// `SeRestorePrivilege`.
///
/// # Errors
///
/// The system knows of no such privilege. That this user does not have it shows once it is used.
pub fn allow_giving_away() -> io::Result<()> {
    let token = own_token(TOKEN_ADJUST_PRIVILEGES)?;
    let mut privileges = TOKEN_PRIVILEGES {
        PrivilegeCount: 1,
        ..TOKEN_PRIVILEGES::default()
    };
    let privilege = &mut privileges.Privileges[0];
    privilege.Attributes = SE_PRIVILEGE_ENABLED;
    // SAFETY: the name has a NUL at its end, and the pointer is to room for a number.
    let answer =
        unsafe { LookupPrivilegeValueW(ptr::null(), SE_RESTORE_NAME, &raw mut privilege.Luid) };
    succeeded(answer)?;
    // SAFETY: the token is open for this, the structure says how many privileges are in it, and what was before is not
    // asked for.
    succeeded(unsafe {
        AdjustTokenPrivileges(
            token.as_raw_handle(),
            0,
            &raw const privileges,
            0,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    })
}

/// The user of a token.
pub(super) fn user_of(token: &OwnedHandle) -> io::Result<String> {
    let information = information(token, TokenUser)?;
    // SAFETY: the system wrote a TOKEN_USER at the beginning of the buffer, which is aligned for it.
    let user = unsafe { information.as_ptr().cast::<TOKEN_USER>().read() };
    // SAFETY: the identifier lies in the same buffer, which is still there.
    unsafe { text_of(user.User.Sid) }
}

/// An identifier as text.
///
/// # Safety
///
/// It points to a valid identifier.
pub(super) unsafe fn text_of(sid: PSID) -> io::Result<String> {
    let mut text = ptr::null_mut();
    // SAFETY: the identifier is valid by what the caller promises, and the pointer is to room for a pointer.
    succeeded(unsafe { ConvertSidToStringSidW(sid, &raw mut text) })?;
    let memory = LocalMemory(text.cast());
    // SAFETY: the call succeeded and answers a text with a NUL at its end, which lives as long as `memory`.
    Ok(unsafe { copied(memory.0.cast()) })
}

fn own_token(access: TOKEN_ACCESS_MASK) -> io::Result<OwnedHandle> {
    // SAFETY: it takes nothing, and answers a number that stands for this process.
    let this_process = unsafe { GetCurrentProcess() };
    let mut token = ptr::null_mut();
    // SAFETY: the handle stands for this process, and the pointer is to room for a handle.
    succeeded(unsafe { OpenProcessToken(this_process, access, &raw mut token) })?;
    // SAFETY: the call succeeded and wrote a handle that is the caller's to close.
    unsafe { owned(token) }
}

/// What a token says, in words of eight bytes, which every structure of it is aligned by.
fn information(token: &OwnedHandle, class: TOKEN_INFORMATION_CLASS) -> io::Result<Vec<u64>> {
    let token = token.as_raw_handle();
    let mut length = 0;
    // SAFETY: without room the call writes nothing but the length that it needs.
    unsafe { GetTokenInformation(token, class, ptr::null_mut(), 0, &raw mut length) };
    let mut room = vec![0_u64; (length as usize).div_ceil(size_of::<u64>()).max(8)];
    let capacity = u32::try_from(room.len() * size_of::<u64>()).unwrap_or(u32::MAX);
    // SAFETY: the buffer has `capacity` bytes to write to.
    let answer = unsafe {
        GetTokenInformation(
            token,
            class,
            room.as_mut_ptr().cast(),
            capacity,
            &raw mut length,
        )
    };
    succeeded(answer)?;
    Ok(room)
}

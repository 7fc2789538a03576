//! What only `ntdll.dll` does: it answers of what kind a handle is, how large, and what it is good for, and has a process begin
//! that was started suspended. Every version of Windows since XP has these calls; the documented ones beside them say it of
//! names or threads, or not at all.

use std::ffi::c_void;
use std::ptr;

use windows_sys::Win32::Foundation::{HANDLE, NTSTATUS};

/// `SectionBasicInformation` of `SECTION_INFORMATION_CLASS`.
pub(super) const SECTION_BASIC_INFORMATION: i32 = 0;

/// `ObjectBasicInformation` of `OBJECT_INFORMATION_CLASS`.
pub(super) const OBJECT_BASIC_INFORMATION: i32 = 0;

/// `EventBasicInformation` of `EVENT_INFORMATION_CLASS`.
pub(super) const EVENT_BASIC_INFORMATION: i32 = 0;

/// `SECTION_BASIC_INFORMATION`.
#[repr(C)]
pub(super) struct Section {
    base: *mut c_void,
    /// `SEC_COMMIT` and the like.
    pub(super) attributes: u32,
    pub(super) bytes: i64,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            base: ptr::null_mut(),
            attributes: 0,
            bytes: 0,
        }
    }
}

/// `PUBLIC_OBJECT_BASIC_INFORMATION`.
#[repr(C)]
#[derive(Default)]
pub(super) struct Object {
    attributes: u32,
    /// What was granted with the handle.
    pub(super) rights: u32,
    handles: u32,
    pointers: u32,
    reserved: [u32; 10],
}

/// `EVENT_BASIC_INFORMATION`.
#[repr(C)]
#[derive(Default)]
pub(super) struct Event {
    /// 0 where it stays set, 1 where one waiter takes it.
    pub(super) kind: i32,
    state: i32,
}

#[link(name = "ntdll")]
unsafe extern "system" {
    pub(super) fn NtQuerySection(
        section: HANDLE,
        class: i32,
        information: *mut c_void,
        length: usize,
        written: *mut usize,
    ) -> NTSTATUS;

    pub(super) fn NtQueryObject(
        object: HANDLE,
        class: i32,
        information: *mut c_void,
        length: u32,
        written: *mut u32,
    ) -> NTSTATUS;

    pub(super) fn NtQueryEvent(
        event: HANDLE,
        class: i32,
        information: *mut c_void,
        length: u32,
        written: *mut u32,
    ) -> NTSTATUS;

    pub(super) fn NtResumeProcess(process: HANDLE) -> NTSTATUS;
}

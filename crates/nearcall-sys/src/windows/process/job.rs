//! Children that end with this process.

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::process::Child;
use std::ptr;

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{
    PROCESS_SET_QUOTA, PROCESS_SUSPEND_RESUME, PROCESS_TERMINATE,
};

use super::{KILLED, open};
use crate::windows::handle::{owned, succeeded};
use crate::windows::ntdll::NtResumeProcess;

/// Processes that end when this is dropped, or when this process ends, however it does; so do those that they start.
#[derive(Debug)]
pub struct Job(OwnedHandle);

impl Job {
    /// A job without a process in it.
    ///
    /// # Errors
    ///
    /// The system is out of something.
    pub fn new() -> io::Result<Self> {
        // SAFETY: without attributes and a name there is nothing to point to.
        let answer = unsafe { CreateJobObjectW(ptr::null(), ptr::null()) };
        // SAFETY: it was called right before and answers a handle to close, or null.
        let job = unsafe { owned(answer) }?;
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        // SAFETY: the job is open, and the pointer is to a structure of the kind and the size that are named.
        let answer = unsafe {
            SetInformationJobObject(
                job.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                u32::try_from(size_of_val(&limits)).unwrap_or(u32::MAX),
            )
        };
        succeeded(answer)?;
        Ok(Self(job))
    }

    /// Takes a child in. What it has started before stays outside.
    ///
    /// # Errors
    ///
    /// The child is in a job that lets none out, or has ended.
    pub fn adopt(&self, child: &Child) -> io::Result<()> {
        // SAFETY: job and process are open.
        succeeded(unsafe {
            AssignProcessToJobObject(self.0.as_raw_handle(), child.as_raw_handle())
        })
    }

    /// Takes a process in by its number. What it has started before stays outside.
    ///
    /// The number is that of a process that this one still holds a handle of, else it may be another's by now.
    ///
    /// # Errors
    ///
    /// There is no such process, it is in a job that lets none out, or it has ended.
    pub fn adopt_process(&self, pid: u32) -> io::Result<()> {
        let process = open(pid, PROCESS_SET_QUOTA | PROCESS_TERMINATE)?;
        // SAFETY: job and process are open.
        succeeded(unsafe {
            AssignProcessToJobObject(self.0.as_raw_handle(), process.as_raw_handle())
        })
    }

    /// Takes a child in that was started by [`own_group_suspended`](super::own_group_suspended), by its number, and has it
    /// begin: whatever it starts is in the job. The number is that of a child that this process still holds a handle of.
    ///
    /// # Errors
    ///
    /// There is no such process, it is in a job that lets none out, or it has ended. It has not begun then: end it.
    pub fn begin(&self, pid: u32) -> io::Result<()> {
        self.adopt_process(pid)?;
        let process = open(pid, PROCESS_SUSPEND_RESUME)?;
        // SAFETY: the process is open, for this.
        let status = unsafe { NtResumeProcess(process.as_raw_handle()) };
        if status < 0 {
            let status = status.cast_unsigned();
            let said = format!("NtResumeProcess answers {status:#010x}");
            return Err(io::Error::other(said));
        }
        Ok(())
    }

    /// Ends every process of the job at once.
    ///
    /// # Errors
    ///
    /// The system refused.
    pub fn kill(&self) -> io::Result<()> {
        // SAFETY: the job is open.
        succeeded(unsafe { TerminateJobObject(self.0.as_raw_handle(), KILLED) })
    }
}

//! Security descriptors: whose something is, and who may use it.

use std::fs::File;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle};
use std::path::Path;
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_SUCCESS, GENERIC_WRITE, HANDLE};
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, GetNamedSecurityInfoW, GetSecurityInfo,
    SDDL_REVISION_1, SE_FILE_OBJECT, SE_KERNEL_OBJECT,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, GetAce,
    OWNER_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, PSID, SECURITY_ATTRIBUTES,
    SetKernelObjectSecurity,
};
use windows_sys::Win32::Storage::FileSystem::{
    CREATE_NEW, CreateDirectoryW, CreateFileW, FILE_ATTRIBUTE_NORMAL, FILE_SHARE_DELETE,
    FILE_SHARE_READ,
};

use super::handle::{owned, succeeded};
use super::identity::{own_integrity, own_sid, text_of};
use super::text::{LocalMemory, wide};

/// The type of an entry that allows, see `ACE_HEADER`.
const ACCESS_ALLOWED: u8 = 0;

/// A descriptor by which something belongs to this user, who alone may use it; nothing is inherited from what it is in.
#[derive(Debug)]
pub struct OwnerOnly(LocalMemory);

// SAFETY: the descriptor is never written to once it is made.
unsafe impl Send for OwnerOnly {}
// SAFETY: as above.
unsafe impl Sync for OwnerOnly {}

impl OwnerOnly {
    /// The descriptor for this process's user.
    ///
    /// # Errors
    ///
    /// The system cannot say who that is.
    pub fn new() -> io::Result<Self> {
        let own = own_sid()?;
        Self::parse(&format!("O:{own}D:P(A;;GA;;;{own})"))
    }

    /// The same for a folder: what is made in it is this user's alone too. The system's own account is let in beside, as it
    /// is everywhere in a user's profile.
    fn of_folder() -> io::Result<Self> {
        let own = own_sid()?;
        Self::parse(&format!("O:{own}D:P(A;OICI;GA;;;{own})(A;OICI;GA;;;SY)"))
    }

    /// The same for what is only ever passed on as a handle: nobody may open it, and no handle to it can be turned into one
    /// that is good for more. An owner could otherwise change the list, which the entry for whoever owns it (S-1-3-4)
    /// takes away.
    pub(super) fn as_handed_out() -> io::Result<Self> {
        let own = own_sid()?;
        Self::parse(&format!("O:{own}D:P(A;;RC;;;S-1-3-4)"))
    }

    /// The same for what is opened by a name: this user may open it for `access`, which is all that a handle to it can
    /// ever be good for but the one that its maker gets; the owner has no other rights, as in
    /// [`as_handed_out`](Self::as_handed_out). A process of a lower level of integrity than this one is kept out: it could
    /// not look into this process either.
    pub(super) fn under_a_name(access: u32) -> io::Result<Self> {
        let (own, level) = (own_sid()?, own_integrity()?);
        Self::parse(&format!(
            "O:{own}D:P(A;;{access:#x};;;{own})(A;;RC;;;S-1-3-4)S:(ML;;NRNWNX;;;{level})"
        ))
    }

    /// The same for a process: others of this user may do `access` to it, and the system's own account everything.
    pub(super) fn of_process(access: u32) -> io::Result<Self> {
        let own = own_sid()?;
        Self::parse(&format!(
            "O:{own}D:P(A;;{access:#x};;;{own})(A;;GA;;;SY)(A;;RC;;;S-1-3-4)"
        ))
    }

    /// Puts the list in the place of the one that something has.
    ///
    /// # Safety
    ///
    /// The handle is open, or stands for this process.
    pub(super) unsafe fn put_on(&self, object: HANDLE) -> io::Result<()> {
        // SAFETY: the handle is good by what the caller promises, and the descriptor is still there.
        succeeded(unsafe { SetKernelObjectSecurity(object, DACL_SECURITY_INFORMATION, self.0.0) })
    }

    /// A descriptor by which something belongs to another user and everybody may use it: what a test needs of those who
    /// take a name first. On Windows it takes a privilege to give things away; see
    /// [`allow_giving_away`](super::identity::allow_giving_away).
    ///
    /// # Errors
    ///
    /// That is no security identifier.
    pub fn of_another(sid: &str) -> io::Result<Self> {
        Self::parse(&format!("O:{sid}D:P(A;;GA;;;WD)"))
    }

    pub(super) fn parse(text: &str) -> io::Result<Self> {
        let text = wide(text);
        let mut descriptor = ptr::null_mut();
        // SAFETY: the text has a NUL at its end, and the pointer is to room for a pointer.
        let answer = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor,
                ptr::null_mut(),
            )
        };
        succeeded(answer)?;
        Ok(Self(LocalMemory(descriptor)))
    }

    /// What a call that makes something takes. It points into the descriptor, and so must not outlive it.
    pub(super) fn attributes(&self) -> SECURITY_ATTRIBUTES {
        SECURITY_ATTRIBUTES {
            nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or(u32::MAX),
            lpSecurityDescriptor: self.0.0,
            bInheritHandle: 0,
        }
    }
}

/// Makes a folder that is this user's alone.
///
/// # Errors
///
/// It is there already, or cannot be made.
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    let descriptor = OwnerOnly::of_folder()?;
    let attributes = descriptor.attributes();
    let path = wide(path);
    // SAFETY: the path has a NUL at its end, and the attributes point to a descriptor that is still there.
    succeeded(unsafe { CreateDirectoryW(path.as_ptr(), &raw const attributes) })
}

/// Makes a file that is this user's alone, open for writing.
///
/// # Errors
///
/// It is there already, or cannot be made.
pub fn make_private_file(path: &Path) -> io::Result<File> {
    let descriptor = OwnerOnly::new()?;
    let attributes = descriptor.attributes();
    let path = wide(path);
    // SAFETY: the path has a NUL at its end, and the attributes point to a descriptor that is still there.
    let answer = unsafe {
        CreateFileW(
            path.as_ptr(),
            GENERIC_WRITE,
            FILE_SHARE_READ | FILE_SHARE_DELETE,
            &raw const attributes,
            CREATE_NEW,
            FILE_ATTRIBUTE_NORMAL,
            ptr::null_mut(),
        )
    };
    // SAFETY: it was called right before and answers a handle to close, or `INVALID_HANDLE_VALUE`.
    Ok(unsafe { owned(answer) }?.into())
}

/// What a descriptor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The security identifier of the owner.
    pub owner: String,
    /// Who may use it, by security identifier, in order; none where there is no list, and so everybody may.
    pub allowed: Option<Vec<String>>,
}

/// The descriptor of an open pipe, or of another object of the kernel.
///
/// # Errors
///
/// The handle does not let its descriptor be read.
pub fn of(object: impl AsHandle) -> io::Result<Described> {
    let mut found = Found::default();
    // SAFETY: the handle is open, and each pointer is to room for a pointer.
    let answer = unsafe {
        GetSecurityInfo(
            object.as_handle().as_raw_handle(),
            SE_KERNEL_OBJECT,
            OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
            &raw mut found.owner,
            ptr::null_mut(),
            &raw mut found.list,
            ptr::null_mut(),
            &raw mut found.descriptor,
        )
    };
    // SAFETY: these are what the call answered, and what it wrote.
    unsafe { found.read(answer) }
}

/// The descriptor of a file or a folder.
///
/// # Errors
///
/// It is not there, or does not let its descriptor be read.
pub fn of_path(path: &Path) -> io::Result<Described> {
    let mut found = Found::default();
    let path = wide(path);
    // SAFETY: the path has a NUL at its end, and each pointer is to room for a pointer.
    let answer = unsafe {
        GetNamedSecurityInfoW(
            path.as_ptr(),
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
            &raw mut found.owner,
            ptr::null_mut(),
            &raw mut found.list,
            ptr::null_mut(),
            &raw mut found.descriptor,
        )
    };
    // SAFETY: these are what the call answered, and what it wrote.
    unsafe { found.read(answer) }
}

/// What the system answers when it is asked for a descriptor; owner and list point into it.
#[derive(Debug)]
struct Found {
    owner: PSID,
    list: *mut ACL,
    descriptor: PSECURITY_DESCRIPTOR,
}

impl Default for Found {
    fn default() -> Self {
        Self {
            owner: ptr::null_mut(),
            list: ptr::null_mut(),
            descriptor: ptr::null_mut(),
        }
    }
}

impl Found {
    /// # Safety
    ///
    /// The fields and the answer are those of one call that asked for owner and list.
    unsafe fn read(self, answer: u32) -> io::Result<Described> {
        if answer != ERROR_SUCCESS {
            return Err(io::Error::from_raw_os_error(answer.cast_signed()));
        }
        let _descriptor = LocalMemory(self.descriptor);
        if self.owner.is_null() {
            return Err(io::Error::other("the object has no owner"));
        }
        // SAFETY: the call succeeded and the owner is within the descriptor, which is still there.
        let owner = unsafe { text_of(self.owner) }?;
        let allowed = if self.list.is_null() {
            None
        } else {
            // SAFETY: the call succeeded and the list is within the descriptor, which is still there.
            Some(unsafe { allowed_by(self.list) }?)
        };
        Ok(Described { owner, allowed })
    }
}

/// # Safety
///
/// It points to a valid list.
unsafe fn allowed_by(list: *const ACL) -> io::Result<Vec<String>> {
    // SAFETY: the list is valid by what the caller promises.
    let count = unsafe { list.read() }.AceCount;
    let mut allowed = Vec::new();
    for at in 0..u32::from(count) {
        let mut entry = ptr::null_mut();
        // SAFETY: the list is valid, and the pointer is to room for a pointer.
        succeeded(unsafe { GetAce(list, at, &raw mut entry) })?;
        // SAFETY: every entry begins with a header.
        let header = unsafe { entry.cast::<ACE_HEADER>().read() };
        if header.AceType != ACCESS_ALLOWED {
            continue;
        }
        let entry = entry.cast::<ACCESS_ALLOWED_ACE>();
        // SAFETY: an entry of this type is laid out so, with the identifier at its end.
        let sid = unsafe { &raw mut (*entry).SidStart };
        // SAFETY: the identifier is within the list, which is valid.
        allowed.push(unsafe { text_of(sid.cast()) }?);
    }
    Ok(allowed)
}

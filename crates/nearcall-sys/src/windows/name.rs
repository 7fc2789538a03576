//! Names by which another process opens what this one made, for where no handle can be put into it.
//!
//! A name is 128 random bits in the namespace of the session (`Local\`), which takes no privilege. What is made under one
//! belongs to this user and has an entry for this user alone, that is good for what a reader needs and for no more; a
//! process of a lower level of integrity is kept out. The system gives the name up with the last handle, however the
//! processes end.

use std::fmt;
use std::io;
use std::os::windows::io::{AsHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_ALREADY_EXISTS, ERROR_INVALID_HANDLE, GetLastError, HANDLE,
};
use windows_sys::Win32::Storage::FileSystem::READ_CONTROL;
use windows_sys::Win32::System::Memory::OpenFileMappingW;
use windows_sys::Win32::System::RemoteDesktop::ProcessIdToSessionId;
use windows_sys::Win32::System::Threading::OpenEventW;

use super::descriptor::{self, OwnerOnly};
use super::handle::owned;
use super::identity::own_sid;
use super::text::wide;
use super::{event, memory};

/// Digits of a name, as text.
const DIGITS: usize = 32;

/// Characters that are repeated of what is no name.
const REPEATED_MAX: usize = 40;

/// A name that nobody guesses. As text it is 32 hexadecimal digits in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name(u128);

/// What whoever opens something by its name may do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Mapping a section, for reading.
    Read,
    /// Mapping a section, for writing too.
    Fill,
    /// Waiting for an event.
    Wait,
    /// Waiting for an event, and setting it.
    Set,
}

/// Why nothing was opened by a name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It is no name.
    #[error("expected a name of {DIGITS} hexadecimal digits, found {found:?}")]
    Text {
        /// Its beginning.
        found: String,
    },
    /// There is nothing of that name, or it does not let itself be used so.
    #[error(
        "what {name} names cannot be opened; whoever made it is gone, or is in another session"
    )]
    System {
        /// The name.
        name: Name,
        /// What the system says.
        source: io::Error,
    },
    /// It is something else.
    #[error("expected {name} to name {}, found something else", .good_for.noun())]
    Kind {
        /// The name.
        name: Name,
        /// What it should have been good for.
        good_for: Use,
    },
    /// Another user made it.
    #[error("expected {name} to be of user {expected}, found that it is of {found}")]
    Owner {
        /// The name.
        name: Name,
        /// This user.
        expected: String,
        /// The other.
        found: String,
    },
}

impl Name {
    /// A name that nothing has.
    ///
    /// # Errors
    ///
    /// The system gives no randomness.
    pub fn random() -> io::Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(Self(u128::from_ne_bytes(bytes)))
    }

    /// The name that a text is.
    ///
    /// # Errors
    ///
    /// It is none. Nothing but a name ever reaches the system, where a backslash would lead elsewhere.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let name = (text.len() == DIGITS && text.bytes().all(is_digit))
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten();
        name.map(Self).ok_or_else(|| NameError::Text {
            found: text.chars().take(REPEATED_MAX).collect(),
        })
    }

    /// As the system takes it.
    pub(super) fn in_full(&self) -> Vec<u16> {
        wide(format!("Local\\nearcall.{self}"))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Use {
    const fn noun(self) -> &'static str {
        match self {
            Self::Read | Self::Fill => "shared memory",
            Self::Wait | Self::Set => "an event",
        }
    }

    /// The rights that it takes, and one to see whose it is.
    const fn access(self) -> u32 {
        READ_CONTROL
            | match self {
                Self::Read => memory::READ,
                Self::Fill => memory::WRITE,
                Self::Wait => event::WAIT,
                Self::Set => event::SET,
            }
    }

    /// The descriptor of what is made for it.
    pub(super) fn descriptor(self) -> io::Result<OwnerOnly> {
        OwnerOnly::under_a_name(self.access())
    }
}

/// Opens what a process of this user made under a name.
///
/// # Errors
///
/// There is nothing of that name in this session, it is of another kind or another user, or is not good for this.
pub fn open(name: &Name, good_for: Use) -> Result<OwnedHandle, NameError> {
    let (access, text) = (good_for.access(), name.in_full());
    let answer = match good_for {
        // SAFETY: the name has a NUL at its end.
        Use::Read | Use::Fill => unsafe { OpenFileMappingW(access, 0, text.as_ptr()) },
        // SAFETY: as above.
        Use::Wait | Use::Set => unsafe { OpenEventW(access, 0, text.as_ptr()) },
    };
    let name = *name;
    let refused = |source: io::Error| {
        if source.raw_os_error() == Some(ERROR_INVALID_HANDLE.cast_signed()) {
            NameError::Kind { name, good_for }
        } else {
            NameError::System { name, source }
        }
    };
    // SAFETY: it was called right before and answers a handle to close, or null.
    let handle = unsafe { owned(answer) }.map_err(refused)?;
    let expected = own_sid().map_err(refused)?;
    let found = descriptor::of(handle.as_handle()).map_err(refused)?.owner;
    if *found != *expected {
        let expected = expected.to_string();
        return Err(NameError::Owner {
            name,
            expected,
            found,
        });
    }
    Ok(handle)
}

/// Whether a process is in this one's session, and so finds what has a name here; not, where the system does not say.
#[must_use]
pub fn is_in_this_session(pid: u32) -> bool {
    let here = session_of(std::process::id());
    here.is_some() && here == session_of(pid)
}

fn session_of(pid: u32) -> Option<u32> {
    let mut session = 0;
    // SAFETY: the pointer is to room for a number.
    let answer = unsafe { ProcessIdToSessionId(pid, &raw mut session) };
    (answer != 0).then_some(session)
}

/// Owns what a call just made under a name. What was there before, whatever it is, was made by somebody who knew the name,
/// and is an error of the kind [`io::ErrorKind::AlreadyExists`].
///
/// # Safety
///
/// As for [`owned`]; and the call says by the thread's last error whether the thing was there.
pub(super) unsafe fn made(answer: HANDLE, name: &Name) -> io::Result<OwnedHandle> {
    // SAFETY: it takes nothing.
    let said = unsafe { GetLastError() };
    // SAFETY: by what the caller promises; asking for the last error leaves it.
    let handle = unsafe { owned(answer) };
    // Another's may not let itself be opened, or may be of another kind.
    let is_taken = match &handle {
        Ok(_) => said == ERROR_ALREADY_EXISTS,
        Err(_) => matches!(said, ERROR_ACCESS_DENIED | ERROR_INVALID_HANDLE),
    };
    if is_taken {
        let error = format!("expected nothing that {name} names yet, found what somebody made");
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, error));
    }
    handle
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::windows::io::AsRawHandle;
    use std::ptr;

    use windows_sys::Win32::Foundation::{ERROR_INVALID_OWNER, ERROR_SUCCESS};
    use windows_sys::Win32::Security::Authorization::{GetSecurityInfo, SE_KERNEL_OBJECT};
    use windows_sys::Win32::Security::{
        ACL, GetAce, LABEL_SECURITY_INFORMATION, SYSTEM_MANDATORY_LABEL_ACE,
    };
    use windows_sys::Win32::System::SystemServices::SYSTEM_MANDATORY_LABEL_ACE_TYPE;
    use windows_sys::Win32::System::Threading::CreateEventW;

    use super::super::identity::{own_integrity, text_of};
    use super::super::text::LocalMemory;
    use super::*;
    use crate::event::{Event, Kind};

    #[test]
    fn names_are_held_to_their_digits() {
        let name = Name::random().expect("there is randomness");
        assert_eq!(Name::parse(&name.to_string()).ok(), Some(name));
        assert_ne!(name, Name::random().expect("there is randomness"));
        let good = "00112233445566778899aabbccddeeff";
        assert_eq!(Name::parse(good).expect("it is one").to_string(), good);
        let long = "a".repeat(300);
        for bad in [
            "",
            &good[1..],
            &format!("{good}0"),
            &good.to_uppercase(),
            "Global\\445566778899aabbccddeeff00",
            "..\\112233445566778899aabbccddeeff",
            "+0112233445566778899aabbccddeeff",
            "0011223344556677 899aabbccddeeff",
            &long,
        ] {
            let found = Name::parse(bad);
            let Err(NameError::Text { found }) = found else {
                panic!("{bad}: {found:?}");
            };
            assert!(bad.starts_with(&found) && found.len() <= REPEATED_MAX);
        }
    }

    #[test]
    fn what_another_made_is_refused() {
        let own = own_sid().expect("it is known");
        let name = Name::random().expect("there is randomness");
        // The group of administrators, which an administrator may make an owner.
        let access = Use::Wait.access();
        let descriptor = OwnerOnly::parse(&format!("O:BAD:P(A;;{access:#x};;;{own})"))
            .expect("it is a descriptor");
        let (attributes, text) = (descriptor.attributes(), name.in_full());
        // SAFETY: the attributes point to a descriptor that is still there, and the name has a NUL at its end.
        let answer = unsafe { CreateEventW(&raw const attributes, 1, 0, text.as_ptr()) };
        // SAFETY: it was called right before and answers a handle to close, or null.
        let event = match unsafe { owned(answer) } {
            Ok(event) => event,
            Err(error) => {
                let refusal = Some(ERROR_INVALID_OWNER.cast_signed());
                assert_eq!(error.raw_os_error(), refusal, "{error}");
                assert!(
                    std::env::var_os("CI").is_none(),
                    "only an administrator can make what another owns"
                );
                let line = "left out, since this is no administrator: what another owns\n";
                // Past the test runner, which would keep it to itself.
                let _unheard = io::stdout().write_all(line.as_bytes());
                return;
            }
        };
        let found = open(&name, Use::Wait);
        let Err(NameError::Owner {
            expected, found, ..
        }) = found
        else {
            panic!("{found:?}");
        };
        assert_eq!((&*expected, &*found), (&*own, "S-1-5-32-544"));
        drop(event);
    }

    #[test]
    fn lower_levels_of_integrity_are_kept_out() {
        let name = Name::random().expect("there is randomness");
        let event = Event::named(&name, Kind::Stays, Use::Wait).expect("it is made");
        let (mut list, mut descriptor) = (ptr::null_mut::<ACL>(), ptr::null_mut());
        // SAFETY: the handle is open, and the pointers that are not null are to room for a pointer.
        let answer = unsafe {
            GetSecurityInfo(
                event.as_handle().as_raw_handle(),
                SE_KERNEL_OBJECT,
                LABEL_SECURITY_INFORMATION,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                &raw mut list,
                &raw mut descriptor,
            )
        };
        assert_eq!(answer, ERROR_SUCCESS);
        let _descriptor = LocalMemory(descriptor);
        assert!(!list.is_null(), "it has a label");
        let mut entry = ptr::null_mut();
        // SAFETY: the list is within the descriptor, which is still there, and the pointer is to room for a pointer.
        assert_ne!(unsafe { GetAce(list, 0, &raw mut entry) }, 0);
        let entry = entry.cast::<SYSTEM_MANDATORY_LABEL_ACE>();
        // SAFETY: every entry of this size or more begins so, and a label is of this size.
        let read = unsafe { entry.read() };
        assert_eq!(
            u32::from(read.Header.AceType),
            SYSTEM_MANDATORY_LABEL_ACE_TYPE
        );
        // No write up, no read up, no execute up.
        assert_eq!(read.Mask, 1 | 2 | 4);
        // SAFETY: an entry of this type has the identifier at its end.
        let sid = unsafe { &raw mut (*entry).SidStart };
        // SAFETY: the identifier is within the list, which is still there.
        let level = unsafe { text_of(sid.cast()) }.expect("it is one");
        assert_eq!(level, own_integrity().expect("it is known"));
    }
}

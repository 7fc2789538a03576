//! How a call ended: the status, its details, and the metadata of the answer.

use std::ffi::c_char;
use std::sync::Arc;

use nearcall::metadata::MetadataMap;
use nearcall::{Code, Status, StatusExt as _};

use crate::abi::{nearcall_metadata, nearcall_result, nearcall_status};
use crate::boundary::{Out, Room, enter};
use crate::fault::Fault;
use crate::metadata::Metadata;
use crate::table;

/// The end of a call.
#[derive(Debug)]
pub(crate) struct Ended {
    status: Status,
    /// The initial metadata where it is not to be had elsewhere, and the trailers.
    metadata: MetadataMap,
}

impl Ended {
    pub(crate) fn well(metadata: MetadataMap) -> Self {
        Self {
            status: Status::new(Code::Ok, ""),
            metadata,
        }
    }

    pub(crate) fn badly(status: Status) -> Self {
        let metadata = status.metadata().clone();
        Self { status, metadata }
    }

    pub(crate) fn code(&self) -> i32 {
        self.status.code().into()
    }

    /// What a function says whose call did not end well.
    pub(crate) fn fault(&self) -> Fault {
        Fault::Status {
            code: self.status.code(),
            message: self.status.message().to_owned(),
        }
    }
}

fn find(status: nearcall_status) -> Result<Arc<Ended>, Fault> {
    table::find::<Ended>(status)
}

/// The gRPC status code: 0 is OK, 4 DEADLINE_EXCEEDED, 14 UNAVAILABLE and so on. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_status_code(
    status: nearcall_status,
    code: *mut i32,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(code, "code") }?;
        out.set(find(status)?.code());
        Ok(())
    })
}

/// The message of the status, for people, as text with a NUL. `needed`, if not null, is set to the bytes that it takes.
/// From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_status_message(
    status: nearcall_status,
    message: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for `capacity` bytes, and for a place or null.
        let room = unsafe { Room::new(message.cast(), capacity, needed) };
        room.fill_text(find(status)?.status.message())
    })
}

/// The details as they came: an encoded google.rpc.Status, or nothing. `needed`, if not null, is set to the bytes that
/// they take. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_status_details(
    status: nearcall_status,
    details: *mut u8,
    capacity: usize,
    needed: *mut usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for `capacity` bytes, and for a place or null.
        let room = unsafe { Room::new(details, capacity, needed) };
        room.fill(find(status)?.status.details())
    })
}

/// The reason in the details, from google.rpc.ErrorInfo, as text with a NUL; what programs go by.
/// NEARCALL_ERROR_NOT_FOUND where there is none. `needed`, if not null, is set to the bytes that it takes. From any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_status_reason(
    status: nearcall_status,
    reason: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for `capacity` bytes, and for a place or null.
        let room = unsafe { Room::new(reason.cast(), capacity, needed) };
        let info = find(status)?.status.get_details_error_info();
        let info = info.ok_or_else(|| Fault::NotFound("reason in the details".to_owned()))?;
        room.fill_text(&info.reason)
    })
}

/// Who names the reason, from google.rpc.ErrorInfo, as text with a NUL: "nearcall" for those of nearcall itself.
/// NEARCALL_ERROR_NOT_FOUND where there is none. `needed`, if not null, is set to the bytes that it takes. From any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_status_domain(
    status: nearcall_status,
    domain: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for `capacity` bytes, and for a place or null.
        let room = unsafe { Room::new(domain.cast(), capacity, needed) };
        let info = find(status)?.status.get_details_error_info();
        let info = info.ok_or_else(|| Fault::NotFound("reason in the details".to_owned()))?;
        room.fill_text(&info.domain)
    })
}

/// When to try again, in milliseconds, from google.rpc.RetryInfo. NEARCALL_ERROR_NOT_FOUND where nothing is said. From
/// any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_status_retry_ms(
    status: nearcall_status,
    delay_ms: *mut u64,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(delay_ms, "delay_ms") }?;
        let info = find(status)?.status.get_details_retry_info();
        let delay = info.and_then(|info| info.retry_delay);
        let delay = delay.ok_or_else(|| Fault::NotFound("delay in the details".to_owned()))?;
        out.set(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        Ok(())
    })
}

/// How many fields of the request were wrong, from google.rpc.BadRequest. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_status_violation_count(
    status: nearcall_status,
    count: *mut usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(count, "count") }?;
        let details = find(status)?.status.get_details_bad_request();
        out.set(details.map_or(0, |details| details.field_violations.len()));
        Ok(())
    })
}

/// Which field was wrong, as text with a NUL. `needed`, if not null, is set to the bytes that it takes. From any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_status_violation_field(
    status: nearcall_status,
    index: usize,
    field: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for `capacity` bytes, and for a place or null.
        let room = unsafe { Room::new(field.cast(), capacity, needed) };
        let (field, _) = violation(status, index)?;
        room.fill_text(&field)
    })
}

/// What was wrong with the field, as text with a NUL. `needed`, if not null, is set to the bytes that it takes. From
/// any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_status_violation_description(
    status: nearcall_status,
    index: usize,
    description: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for `capacity` bytes, and for a place or null.
        let room = unsafe { Room::new(description.cast(), capacity, needed) };
        let (_, description) = violation(status, index)?;
        room.fill_text(&description)
    })
}

fn violation(status: nearcall_status, index: usize) -> Result<(String, String), Fault> {
    let details = find(status)?.status.get_details_bad_request();
    let violation = details.and_then(|details| details.field_violations.into_iter().nth(index));
    violation
        .map(|violation| (violation.field, violation.description))
        .ok_or_else(|| Fault::NotFound(format!("violation {index} in the details")))
}

/// The metadata that came with the end of the call, and for a unary call with the answer too: a handle of its own, to be
/// closed. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_status_metadata(
    status: nearcall_status,
    metadata: *mut nearcall_metadata,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(metadata, "metadata") }?;
        let found = Metadata::of(&find(status)?.metadata);
        out.set(table::insert(Arc::new(found))?);
        Ok(())
    })
}

/// Ends a status handle. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_status_close(status: nearcall_status) -> nearcall_result {
    enter(|| table::remove::<Ended>(status).map(drop))
}

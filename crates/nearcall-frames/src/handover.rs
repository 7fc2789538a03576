//! Handing a channel's memory to a reader over a socket, and taking it.
//!
//! The socket then is the reader's doorbell, and its end is how each side learns of the other's death.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nearcall_sys::memory::{
    OpenError, ReadOnly, Writable, open_region, open_return_page, open_upload,
};
use nearcall_sys::packet::{self, ReceiveError, Socket};

use crate::broker::{DESCRIPTORS, MESSAGE_BYTES, Message, MessageError, Refusal, TICKET_BYTES};
use crate::doorbell::{Doorbell, Heard, Hearing, Rung};
use crate::limits::{CLAIM_TIMEOUT, RINGS_TAKEN_MAX, SENT_TAKEN_MAX};
use crate::reader::{AttachError, Reader};
use crate::writer::{Grant, SubscriptionId};

/// Why a reader did not get a channel's memory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// The server said no.
    #[error("the server refused the ticket: {reason:?}; ask for another over gRPC")]
    Refused {
        /// Why.
        reason: Refusal,
    },
    /// The server did not answer.
    #[error(
        "expected an answer within {CLAIM_TIMEOUT:?}, found none; the server is busy, or no frame server"
    )]
    NoAnswer,
    /// The server answered something else.
    #[error(
        "expected the memory that was granted over gRPC, found {found}; ask for another ticket"
    )]
    Unexpected {
        /// What it said, or sent along.
        found: String,
    },
    /// The answer could not be taken.
    #[error("the server's answer did not come")]
    Receive(#[from] ReceiveError),
    /// The answer is no message.
    #[error("the server's answer is not understood")]
    Message(#[from] MessageError),
    /// The memory is not safe to map.
    #[error("what the server sent is not safe to map")]
    Open(#[from] OpenError),
    /// The memory is not the channel.
    #[error("what the server sent is not the channel")]
    Attach(#[from] AttachError),
    /// The socket failed.
    #[error("talking to the server failed")]
    System(#[from] io::Error),
}

/// Why a client's first message is no claim.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TakeError {
    /// There is no message to take, or it carries descriptors, which a server takes from nobody.
    #[error("expected a claim with no descriptors")]
    Receive(#[from] ReceiveError),
    /// It is no message.
    #[error("expected a claim, found a message that is not understood")]
    Message(#[from] MessageError),
    /// It is another message.
    #[error("expected a claim, found {found:?}")]
    Unexpected {
        /// What it is.
        found: Message,
    },
}

/// Server: the ticket that a client presents, if its message has come. Never waits.
///
/// # Errors
///
/// Nothing has come ([`ReceiveError::Nothing`]), or it is no claim: hang up then.
pub fn take_claim(socket: &Socket) -> Result<[u8; TICKET_BYTES], TakeError> {
    // One byte more, so that a longer message is seen to be one.
    let mut bytes = [0; MESSAGE_BYTES + 1];
    let received = socket.receive(&mut bytes, 0)?;
    match Message::parse(bytes.get(..received.length).unwrap_or_default())? {
        Message::Claim { ticket } => Ok(ticket),
        found => Err(TakeError::Unexpected { found }),
    }
}

/// Server: hands over the memory of a grant. The page is closed here when it is on its way: who can look into this
/// process could open it through `/proc`.
///
/// # Errors
///
/// The client has hung up, or has not taken what was sent before.
pub fn hand_over(
    socket: &Socket,
    grant: &Grant,
    region: BorrowedFd<'_>,
    page: OwnedFd,
) -> io::Result<()> {
    let message = Message::Granted {
        subscription: grant.id,
        epoch: grant.identity.epoch,
        region: grant.identity.region,
    };
    let sent = socket.send(&message.bytes(), &[region, page.as_fd()]);
    drop(page);
    sent
}

/// Server: hands over memory for a client to fill. The descriptor is closed here when it is on its way, as a page's is.
///
/// # Errors
///
/// The client has hung up, or has not taken what was sent before.
pub fn hand_over_upload(
    socket: &Socket,
    epoch: u64,
    number: u64,
    memory: OwnedFd,
) -> io::Result<()> {
    let message = upload_granted(epoch, number);
    let sent = socket.send(&message.bytes(), &[memory.as_fd()]);
    drop(memory);
    sent
}

/// An upload is granted as a region without a subscription.
fn upload_granted(epoch: u64, number: u64) -> Message {
    Message::Granted {
        subscription: SubscriptionId::new(0),
        epoch,
        region: number,
    }
}

/// Client: presents a ticket for an upload and takes its memory, `bytes` bytes of it. Waits for [`CLAIM_TIMEOUT`] at
/// most.
///
/// # Errors
///
/// As for [`claim`].
pub fn fetch_upload(
    socket: &Socket,
    ticket: [u8; TICKET_BYTES],
    (epoch, number): (u64, u64),
    bytes: usize,
) -> Result<Writable, ClaimError> {
    socket.send(&Message::Claim { ticket }.bytes(), &[])?;
    let (answer, descriptors) = answer(socket)?;
    if let Message::Refused(reason) = answer {
        return Err(ClaimError::Refused { reason });
    }
    if answer != upload_granted(epoch, number) {
        let found = format!("{answer:?}");
        return Err(ClaimError::Unexpected { found });
    }
    let [memory] = <[OwnedFd; 1]>::try_from(descriptors).map_err(|found| {
        let found = format!("{} descriptors", found.len());
        ClaimError::Unexpected { found }
    })?;
    Ok(open_upload(memory.as_fd(), bytes)?)
}

/// Server: says why there is nothing to be had.
///
/// # Errors
///
/// The client has hung up, or has not taken what was sent before.
pub fn refuse(socket: &Socket, reason: Refusal) -> io::Result<()> {
    socket.send(&Message::Refused(reason).bytes(), &[])
}

/// Client: presents a ticket, takes the memory, and attaches a reader to it. Waits for [`CLAIM_TIMEOUT`] at most.
///
/// # Errors
///
/// The server refused, sent something else than it granted, or sent memory that is not safe to map.
pub fn claim(
    socket: Socket,
    ticket: [u8; TICKET_BYTES],
    grant: &Grant,
) -> Result<Reader<ReadOnly>, ClaimError> {
    let (region, page) = fetch(&socket, ticket, grant)?;
    let reader = Reader::attach(region, Box::new(page), grant)?;
    Ok(reader.with_hearing(Box::new(socket)))
}

/// Client: presents a ticket and takes the memory, the region and the return page, both checked before they are mapped.
///
/// # Errors
///
/// As for [`claim`], which does this first.
pub fn fetch(
    socket: &Socket,
    ticket: [u8; TICKET_BYTES],
    grant: &Grant,
) -> Result<(ReadOnly, Writable), ClaimError> {
    socket.send(&Message::Claim { ticket }.bytes(), &[])?;
    let (answer, descriptors) = answer(socket)?;
    let expected = Message::Granted {
        subscription: grant.id,
        epoch: grant.identity.epoch,
        region: grant.identity.region,
    };
    if let Message::Refused(reason) = answer {
        return Err(ClaimError::Refused { reason });
    }
    if answer != expected {
        let found = format!("{answer:?}");
        return Err(ClaimError::Unexpected { found });
    }
    let [region, page] = <[OwnedFd; DESCRIPTORS]>::try_from(descriptors).map_err(|found| {
        let found = format!("{} descriptors", found.len());
        ClaimError::Unexpected { found }
    })?;
    let region = open_region(region.as_fd(), grant.geometry.region_bytes())?;
    Ok((region, open_return_page(page.as_fd())?))
}

fn answer(socket: &Socket) -> Result<(Message, Vec<OwnedFd>), ClaimError> {
    let patience = Instant::now().checked_add(CLAIM_TIMEOUT);
    let mut bytes = [0; MESSAGE_BYTES + 1];
    loop {
        match socket.receive(&mut bytes, DESCRIPTORS) {
            Ok(received) => {
                let message = Message::parse(bytes.get(..received.length).unwrap_or_default())?;
                return Ok((message, received.descriptors));
            }
            Err(ReceiveError::Nothing) => {}
            Err(error) => return Err(error.into()),
        }
        let left = patience.map_or(Duration::ZERO, |patience| {
            patience.saturating_duration_since(Instant::now())
        });
        if left.is_zero() {
            return Err(ClaimError::NoAnswer);
        }
        socket.wait(left)?;
    }
}

impl Doorbell for Socket {
    fn ring(&self) -> Rung {
        match self.ring() {
            packet::Rung::Yes => Rung::Yes,
            packet::Rung::Full => Rung::Full,
            packet::Rung::Gone => Rung::Gone,
        }
    }

    /// Some of what a client sent is thrown away first. A client can send its own end of the socket along: in a message
    /// that nobody takes, the kernel keeps that open, and the client's death would not show. One that sent much and died
    /// takes several looks.
    fn is_gone(&self) -> bool {
        let _more = packet::drop_sent(self.as_fd(), SENT_TAKEN_MAX);
        // A socket that the kernel cannot be asked about is not known to be gone; ringing it will tell.
        self.is_hung_up().unwrap_or(false)
    }

    fn end(&self) {
        // It fails where the reader is gone, and then there is nobody to tell.
        let _ = self.shut_down();
    }
}

impl Hearing for Socket {
    fn hear(&self, most: Duration) -> Heard {
        if !matches!(self.wait(most), Ok(true)) {
            return Heard::Nothing;
        }
        let mut heard = Heard::Nothing;
        for _ in 0..RINGS_TAKEN_MAX {
            match self.receive(&mut [0; MESSAGE_BYTES], 0) {
                // What carries more than a ring is taken for one: the server has nothing else to say here.
                Ok(_)
                | Err(ReceiveError::TooLong { .. } | ReceiveError::TooManyDescriptors { .. }) => {
                    heard = Heard::Ring;
                }
                Err(ReceiveError::Nothing) => break,
                Err(_) => return Heard::Gone,
            }
        }
        heard
    }
}

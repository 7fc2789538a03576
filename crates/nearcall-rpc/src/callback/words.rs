//! What is said on a stream of callbacks, in the words of the `.proto` and in the lane's.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::uri::PathAndQuery;
use nearcall_lane::{Call, End, is_reserved};
use nearcall_proto::callback::v1 as pb;
use pb::host_request::Says as ByClient;
use pb::host_response::Says as ByServer;
use tonic::Status;
use tonic::metadata::{
    AsciiMetadataKey, BinaryMetadataKey, KeyAndValueRef, MetadataMap, MetadataValue,
};

use crate::status::Reason;

/// Something that is said of one call.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) call: u64,
    pub(super) says: Says,
}

/// What is said.
#[derive(Debug)]
pub(super) enum Says {
    Call(Box<Call>),
    Message(Bytes),
    Close,
    Cancel,
    Headers(Box<HeaderMap>),
    End(Box<End>),
    Taken(u32),
}

/// What comes from the peer: none where it is of a later version.
pub(super) trait Heard {
    fn word(self) -> Result<Option<Word>, Status>;
}

impl Heard for pb::HostRequest {
    fn word(self) -> Result<Option<Word>, Status> {
        let Some(says) = self.says else {
            return Ok(None);
        };
        let (call, says) = match says {
            ByClient::Hello(_) => return Err(twice("Hello")),
            ByClient::Headers(headers) => {
                let metadata = metadata(headers.metadata)?;
                (headers.call, Says::Headers(Box::new(metadata)))
            }
            ByClient::Message(pb::Message { call, message }) => {
                (call, Says::Message(message.into()))
            }
            ByClient::End(end) => (
                end.call,
                Says::End(Box::new(End {
                    code: u16::try_from(end.code).unwrap_or(UNKNOWN),
                    text: end.text,
                    details: end.details.into(),
                    trailers: metadata(end.trailers)?,
                })),
            ),
            ByClient::Taken(taken) => (taken.call, Says::Taken(taken.messages)),
        };
        Ok(Some(Word { call, says }))
    }
}

impl Heard for pb::HostResponse {
    fn word(self) -> Result<Option<Word>, Status> {
        let Some(says) = self.says else {
            return Ok(None);
        };
        let (call, says) = match says {
            ByServer::Ready(_) => return Err(twice("Ready")),
            ByServer::Call(call) => {
                let asked = Call {
                    path: path(&call.path)?,
                    // One that is below zero is over.
                    timeout: call
                        .timeout
                        .map(|timeout| Duration::try_from(timeout).unwrap_or_default()),
                    metadata: metadata(call.metadata)?,
                };
                (call.call, Says::Call(Box::new(asked)))
            }
            ByServer::Message(pb::Message { call, message }) => {
                (call, Says::Message(message.into()))
            }
            ByServer::HalfClose(pb::HalfClose { call }) => (call, Says::Close),
            ByServer::Cancel(pb::Cancel { call }) => (call, Says::Cancel),
            ByServer::Taken(taken) => (taken.call, Says::Taken(taken.messages)),
        };
        Ok(Some(Word { call, says }))
    }
}

impl From<Word> for pb::HostRequest {
    fn from(Word { call, says }: Word) -> Self {
        let says = match says {
            Says::Headers(metadata) => Some(ByClient::Headers(pb::Headers {
                call,
                metadata: entries(*metadata),
            })),
            Says::Message(message) => Some(ByClient::Message(pb::Message {
                call,
                message: message.into(),
            })),
            Says::End(end) => Some(ByClient::End(pb::End {
                call,
                code: end.code.into(),
                text: end.text,
                details: end.details.into(),
                trailers: entries(end.trailers),
            })),
            Says::Taken(messages) => Some(ByClient::Taken(pb::Taken { call, messages })),
            // The server's to say.
            Says::Call(_) | Says::Close | Says::Cancel => None,
        };
        Self { says }
    }
}

impl From<Word> for pb::HostResponse {
    fn from(Word { call, says }: Word) -> Self {
        let says = match says {
            Says::Call(asked) => Some(ByServer::Call(pb::Call {
                call,
                path: asked.path.to_string(),
                metadata: entries(asked.metadata),
                // What does not fit is as good as for ever.
                timeout: asked.timeout.and_then(|timeout| timeout.try_into().ok()),
            })),
            Says::Message(message) => Some(ByServer::Message(pb::Message {
                call,
                message: message.into(),
            })),
            Says::Close => Some(ByServer::HalfClose(pb::HalfClose { call })),
            Says::Cancel => Some(ByServer::Cancel(pb::Cancel { call })),
            Says::Taken(messages) => Some(ByServer::Taken(pb::Taken { call, messages })),
            // The client's to say.
            Says::Headers(_) | Says::End(_) => None,
        };
        Self { says }
    }
}

/// The code of an end whose code is none.
const UNKNOWN: u16 = 2;

fn twice(word: &str) -> Status {
    Status::invalid_argument(format!("expected {word} first and once, found it later"))
}

fn path(path: &str) -> Result<PathAndQuery, Status> {
    path.parse()
        .map_err(|_| Status::invalid_argument(format!("expected a path, found {path:?}")))
}

fn entries(metadata: HeaderMap) -> Vec<pb::Entry> {
    let metadata = MetadataMap::from_headers(metadata);
    let entries = metadata.iter().filter_map(|entry| match entry {
        KeyAndValueRef::Ascii(name, value) => Some((name.as_str(), value.as_bytes().to_vec())),
        KeyAndValueRef::Binary(name, value) => Some((name.as_str(), value.to_bytes().ok()?.into())),
    });
    entries
        .filter(|(name, _)| name.parse().is_ok_and(|name| !is_reserved(&name)))
        .map(|(name, value)| pb::Entry {
            name: name.to_owned(),
            value,
        })
        .collect()
}

fn metadata(entries: Vec<pb::Entry>) -> Result<HeaderMap, Status> {
    let mut metadata = MetadataMap::with_capacity(entries.len());
    for pb::Entry { name, value } in entries {
        let unfit = || {
            Reason::ProtocolViolated.status(format!("the metadata `{name}` is none that gRPC has"))
        };
        if name.ends_with("-bin") {
            let name: BinaryMetadataKey = name.parse().map_err(|_| unfit())?;
            metadata.append_bin(name, MetadataValue::from_bytes(&value));
        } else {
            let key: AsciiMetadataKey = name.parse().map_err(|_| unfit())?;
            let value = MetadataValue::try_from(value).map_err(|_| unfit())?;
            metadata.append(key, value);
        }
    }
    Ok(metadata.into_headers())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_the_same_after_the_way_there_and_back() {
        let mut sent = MetadataMap::new();
        sent.append("x-name", "one".parse().unwrap());
        sent.append("x-name", "two".parse().unwrap());
        sent.append_bin("x-raw-bin", MetadataValue::from_bytes(&[0, 255, 7]));
        let sent = sent.into_headers();
        let mut with_reserved = sent.clone();
        with_reserved.insert("grpc-timeout", "1S".parse().unwrap());
        assert_eq!(metadata(entries(with_reserved)).unwrap(), sent);
    }

    #[test]
    fn what_is_no_metadata_or_comes_twice_is_refused() {
        let refused = |name: &str, value: &[u8]| {
            let entry = pb::Entry {
                name: name.to_owned(),
                value: value.to_vec(),
            };
            assert!(metadata(vec![entry]).is_err(), "{name:?}: {value:?}");
        };
        refused("x name", b"v");
        refused("", b"v");
        refused("x-name", b"\n");
        let hello = pb::HostRequest {
            says: Some(ByClient::Hello(pb::Hello::default())),
        };
        assert!(hello.word().is_err());
        assert!(pb::HostRequest::default().word().unwrap().is_none());
    }
}

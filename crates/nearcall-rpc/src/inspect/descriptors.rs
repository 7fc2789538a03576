//! The descriptors of a symbol with everything they import.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;
use http_body::Body as HttpBody;
use prost::Message as _;
use prost_types::FileDescriptorProto;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codegen::StdError;

use super::{DESCRIPTOR_BYTES_MAX, DESCRIPTORS_DEADLINE, FILES_MAX, InspectError, Inspector};

/// The descriptors of `google.rpc`'s error details (`BadRequest`, `ErrorInfo` and their like), as an encoded
/// `google.protobuf.FileDescriptorSet`: for showing the details of a status whose server does not describe them.
pub const ERROR_DETAILS: &[u8] = tonic_types::pb::FILE_DESCRIPTOR_SET;

/// The file of a symbol and the files it imports, each as the server sent it: options that this version does not know
/// are still in the bytes.
#[derive(Debug, Clone, Default)]
pub struct Descriptors {
    /// Every file once, as an encoded `google.protobuf.FileDescriptorProto`.
    pub files: Vec<Bytes>,
    /// Imported files that the server did not send, such as `google/protobuf/timestamp.proto`, which many leave out.
    pub missing: Vec<String>,
}

impl Descriptors {
    /// All files as one encoded `google.protobuf.FileDescriptorSet`.
    #[must_use]
    pub fn to_file_descriptor_set(&self) -> Vec<u8> {
        // `repeated FileDescriptorProto file = 1`: each file is a field of its own, so its bytes stay as they are.
        let mut set = Vec::with_capacity(self.files.iter().map(|file| file.len() + 6).sum());
        for file in &self.files {
            prost::encoding::bytes::encode(1, file, &mut set);
        }
        set
    }
}

impl<T> Inspector<T>
where
    T: GrpcService<Body> + Clone,
    T::ResponseBody: HttpBody + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError>,
{
    /// The descriptors of a service, method, message or enum, with all files that they import.
    ///
    /// # Errors
    ///
    /// [`InspectError::UnknownSymbol`] when the server has no such name, [`InspectError::TooManyFiles`],
    /// [`InspectError::TooManyBytes`] and [`InspectError::TooSlow`] when there is no end to them, and otherwise how the asking failed.
    pub async fn descriptors(&mut self, symbol: &str) -> Result<Descriptors, InspectError> {
        tokio::time::timeout(DESCRIPTORS_DEADLINE, self.gather(symbol))
            .await
            .map_err(|_| InspectError::TooSlow {
                symbol: symbol.to_owned(),
                limit: DESCRIPTORS_DEADLINE,
            })?
    }

    async fn gather(&mut self, symbol: &str) -> Result<Descriptors, InspectError> {
        let mut gathered = Gathered::new(symbol);
        let first = self.files_with_symbol(symbol).await?;
        gathered.take(first)?;
        while let Some(name) = gathered.wanted.pop_front() {
            if gathered.have.contains(&name) {
                continue;
            }
            match self.files_by_name(&name).await {
                Ok(files) => gathered.take(files)?,
                Err(InspectError::UnknownSymbol { .. }) => {}
                Err(error) => return Err(error),
            }
            // A server may answer with another file than it was asked for; it is not asked again.
            if gathered.have.insert(name.clone()) {
                gathered.descriptors.missing.push(name);
            }
        }
        Ok(gathered.descriptors)
    }
}

/// What has come so far, held to the limits.
struct Gathered<'a> {
    symbol: &'a str,
    descriptors: Descriptors,
    bytes: usize,
    /// Names of files that have come or that the server does not have.
    have: BTreeSet<String>,
    /// Names of every file that was ever put in `wanted`.
    named: BTreeSet<String>,
    wanted: VecDeque<String>,
}

impl<'a> Gathered<'a> {
    const fn new(symbol: &'a str) -> Self {
        Self {
            symbol,
            descriptors: Descriptors {
                files: Vec::new(),
                missing: Vec::new(),
            },
            bytes: 0,
            have: BTreeSet::new(),
            named: BTreeSet::new(),
            wanted: VecDeque::new(),
        }
    }

    /// Takes files in, and their imports among what is wanted.
    fn take(&mut self, files: Vec<Bytes>) -> Result<(), InspectError> {
        for bytes in files {
            let file = FileDescriptorProto::decode(bytes.clone()).map_err(|error| {
                InspectError::Malformed {
                    asked: self.symbol.to_owned(),
                    expected: "a FileDescriptorProto",
                    found: error.to_string(),
                }
            })?;
            if !self.have.insert(file.name().to_owned()) {
                continue;
            }
            self.bytes = self.bytes.saturating_add(bytes.len());
            self.descriptors.files.push(bytes);
            if self.bytes > DESCRIPTOR_BYTES_MAX {
                return Err(InspectError::TooManyBytes {
                    symbol: self.symbol.to_owned(),
                    limit: DESCRIPTOR_BYTES_MAX,
                });
            }
            for import in file.dependency {
                if self.named.insert(import.clone()) {
                    self.wanted.push_back(import);
                }
                self.bound_files()?;
            }
            self.bound_files()?;
        }
        Ok(())
    }

    /// Names that are only promised count too: asking for each of them is work as well.
    fn bound_files(&self) -> Result<(), InspectError> {
        if self.named.len().max(self.have.len()) > FILES_MAX {
            return Err(InspectError::TooManyFiles {
                symbol: self.symbol.to_owned(),
                limit: FILES_MAX,
            });
        }
        Ok(())
    }
}

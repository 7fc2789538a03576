//! The messages to send: JSON values from an argument, a file or stdin, sent as they arrive.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::PathBuf;
use std::rc::Rc;

use nearcall::raw::{Direction, OverLimit};
use prost_reflect::MessageDescriptor;
use prost_reflect::bytes::Bytes;
use prost_reflect::prost::Message as _;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;

use crate::schema::json;

/// Limit: messages that were read and not yet sent.
const QUEUE_MAX: usize = 16;

/// Limit: bytes of JSON that one message may be written in.
const TEXT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Where the messages are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// Nowhere: one message with nothing set, or no message for methods that take a stream.
    Nothing,
    /// On the command line.
    Text(String),
    /// In a file.
    File(PathBuf),
    /// They come through stdin.
    Stdin,
}

impl Input {
    /// What an argument means: `-` is stdin, `@file` a file, everything else JSON.
    pub(crate) fn of(argument: &str) -> Self {
        match argument.strip_prefix('@') {
            _ if argument == "-" => Self::Stdin,
            Some("-") => Self::Stdin,
            Some(file) => Self::File(file.into()),
            None => Self::Text(argument.to_owned()),
        }
    }
}

/// Why a message could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// The file or stdin cannot be read.
    #[error("cannot read {from}")]
    Read {
        /// What was read.
        from: String,
        /// What the system said.
        source: io::Error,
    },
    /// It is not JSON.
    #[error("{which} is not JSON: {source}")]
    Syntax {
        /// Which message, as the user counts.
        which: String,
        /// What JSON said.
        source: serde_json::Error,
    },
    /// It is not a message of the method's type.
    #[error("{which} does not fit {type_name}: {problem}")]
    Message {
        /// Which message, as the user counts.
        which: String,
        /// What it should be.
        type_name: String,
        /// What does not fit, and where.
        problem: String,
    },
    /// One message is written in too much text.
    #[error("{which} is longer than {limit} bytes of JSON")]
    TooLong {
        /// Which message, as the user counts.
        which: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// A message is over the limit of the call.
    #[error("{which} is too long: {over}")]
    OverLimit {
        /// Which message, as the user counts.
        which: String,
        /// By how much.
        over: OverLimit,
    },
    /// A method that takes one message was given several.
    #[error("{method} takes one message, found more than one; the second begins {second}")]
    TooMany {
        /// The method's name.
        method: String,
        /// The beginning of the second.
        second: String,
    },
}

/// Messages as they arrive, and what went wrong with one of them.
pub(crate) struct Outgoing {
    /// The encoded messages; it ends when the input does, and not when the input is wrong.
    pub(crate) messages: ReceiverStream<Bytes>,
    /// What is wrong with the input, once it is. The call must not go on then.
    pub(crate) failed: oneshot::Receiver<Failed>,
}

/// What is wrong, together with the sender: while it lives, the server does not take the input to have ended well.
pub(crate) type Failed = (InputError, mpsc::Sender<Bytes>);

/// How messages are read.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// The type of the messages.
    pub(crate) descriptor: MessageDescriptor,
    /// The longest message, in bytes as sent.
    pub(crate) message_max: usize,
}

impl Reading {
    /// Reads messages on a thread of their own while the call goes on.
    pub(crate) fn stream(self, input: Input) -> Outgoing {
        let (sender, messages) = mpsc::channel(QUEUE_MAX);
        let (fail, failed) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let outcome = self.each(&input, &mut |message| {
                // The call has ended: what is left of the input is of no interest.
                sender.blocking_send(message).is_ok()
            });
            if let Err(error) = outcome {
                let _ = fail.send((error, sender));
            }
        });
        Outgoing {
            messages: ReceiverStream::new(messages),
            failed,
        }
    }

    /// Reads the one message of a method that takes one.
    pub(crate) async fn one(self, input: Input, method: &str) -> Result<Bytes, InputError> {
        let method = method.to_owned();
        let read = tokio::task::spawn_blocking(move || {
            let mut values = Values::open(&input)?;
            let Some(first) = values.next().transpose()? else {
                return self.encode(&Value::Object(serde_json::Map::new()), 1);
            };
            if let Some(second) = values.next().transpose()? {
                return Err(InputError::TooMany {
                    method,
                    second: second.to_string().chars().take(40).collect(),
                });
            }
            self.encode(&first, 1)
        });
        read.await.unwrap_or_else(|error| {
            Err(InputError::Read {
                from: "the messages".to_owned(),
                source: io::Error::other(error),
            })
        })
    }

    /// Gives every message to `take` until it wants no more.
    fn each(&self, input: &Input, take: &mut dyn FnMut(Bytes) -> bool) -> Result<(), InputError> {
        for (index, value) in Values::open(input)?.enumerate() {
            if !take(self.encode(&value?, index + 1)?) {
                break;
            }
        }
        Ok(())
    }

    fn encode(&self, value: &Value, ordinal: usize) -> Result<Bytes, InputError> {
        let which = which(ordinal);
        let message =
            json::read(&self.descriptor, value).map_err(|problem| InputError::Message {
                which: which.clone(),
                type_name: self.descriptor.full_name().to_owned(),
                problem,
            })?;
        let message = Bytes::from(message.encode_to_vec());
        if message.len() > self.message_max {
            let over = OverLimit {
                direction: Direction::Sent,
                found: message.len(),
                limit: self.message_max,
            };
            return Err(InputError::OverLimit { which, over });
        }
        Ok(message)
    }
}

/// The message's place, in words that fit the usual case of one.
fn which(ordinal: usize) -> String {
    if ordinal == 1 {
        "the message".to_owned()
    } else {
        format!("message {ordinal}")
    }
}

/// JSON values one after the other, with anything that JSON takes for space between them, or nothing.
struct Values {
    values: serde_json::StreamDeserializer<
        'static,
        serde_json::de::IoRead<Rationed<Box<dyn Read>>>,
        Value,
    >,
    left: Rc<Cell<usize>>,
    ordinal: usize,
    from: String,
}

impl Values {
    fn open(input: &Input) -> Result<Self, InputError> {
        let from = match input {
            Input::Nothing | Input::Text(_) => "the argument".to_owned(),
            Input::File(path) => path.display().to_string(),
            Input::Stdin => "stdin".to_owned(),
        };
        let reader: Box<dyn Read> = match input {
            Input::Nothing => Box::new(io::empty()),
            Input::Text(text) => Box::new(Cursor::new(text.clone().into_bytes())),
            Input::File(path) => Box::new(BufReader::new(File::open(path).map_err(|source| {
                InputError::Read {
                    from: from.clone(),
                    source,
                }
            })?)),
            Input::Stdin => Box::new(BufReader::new(io::stdin())),
        };
        let left = Rc::new(Cell::new(TEXT_BYTES_MAX));
        let reader = Rationed {
            reader,
            left: Rc::clone(&left),
        };
        Ok(Self {
            values: serde_json::Deserializer::from_reader(reader).into_iter(),
            left,
            ordinal: 0,
            from,
        })
    }
}

impl Iterator for Values {
    type Item = Result<Value, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left.set(TEXT_BYTES_MAX);
        self.ordinal += 1;
        let which = which(self.ordinal);
        Some(self.values.next()?.map_err(|error| {
            if self.left.get() == 0 {
                InputError::TooLong {
                    which,
                    limit: TEXT_BYTES_MAX,
                }
            } else if error.is_io() {
                InputError::Read {
                    from: self.from.clone(),
                    source: error.into(),
                }
            } else {
                InputError::Syntax {
                    which,
                    source: error,
                }
            }
        }))
    }
}

/// A reader that gives out so many bytes and then fails.
struct Rationed<R> {
    reader: R,
    left: Rc<Cell<usize>>,
}

impl<R: Read> Read for Rationed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            return Err(io::Error::other("one value is too long"));
        }
        let most = buffer.len().min(left);
        let read = self.reader.read(&mut buffer[..most])?;
        self.left.set(left - read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::testing::kitchen;

    fn reading() -> Reading {
        Reading {
            descriptor: kitchen().get_message_by_name("t.Signed").unwrap(),
            message_max: 8,
        }
    }

    #[test]
    fn an_argument_says_where_the_messages_are() {
        let check = |argument: &str, expected: Input| {
            assert_eq!(Input::of(argument), expected, "{argument}");
        };
        check("-", Input::Stdin);
        check("@-", Input::Stdin);
        check("@a.json", Input::File("a.json".into()));
        check("{}", Input::Text("{}".to_owned()));
        check("-1", Input::Text("-1".to_owned()));
    }

    #[tokio::test]
    async fn reads_values_however_they_are_set_apart() {
        let check = async |text: &str, expected: &[u8], error: Option<&str>| {
            let mut outgoing = reading().stream(Input::Text(text.to_owned()));
            // Nothing is ever in the way of the reader here: it is done when it says so, or when it has nothing to say.
            let failed = outgoing.failed.await.ok();
            let mut found = Vec::new();
            while let Ok(message) = outgoing.messages.as_mut().try_recv() {
                found.push(message[1]);
            }
            let failed = failed.map(|(error, _sender)| error.to_string());
            assert_eq!(found, expected, "{text}");
            assert_eq!(failed.as_deref(), error, "{text}");
        };
        check("", &[], None).await;
        check(r#"{"n":1}{"n":2} {"n":3}"#, &[1, 2, 3], None).await;
        check("{\"n\":1}\n\n{\n\"n\": 2}\n", &[1, 2], None).await;
        check(
            r#"{"n":1} {"n":"x"} {"n":3}"#,
            &[1],
            Some(
                r#"message 2 does not fit t.Signed: field n: expected int64, found the string "x""#,
            ),
        )
        .await;
        check(
            r#"{"n":1} {"n":"#,
            &[1],
            Some("message 2 is not JSON: EOF while parsing a value at line 1 column 13"),
        )
        .await;
        check(
            r#"{"n":-1}"#,
            &[],
            Some("the message is too long: a message to send has 11 bytes, the limit is 8"),
        )
        .await;
    }

    #[tokio::test]
    async fn one_message_is_one() {
        let check = async |text: &str, expected: Result<&[u8], &str>| {
            let found = reading().one(Input::Text(text.to_owned()), "Get").await;
            let found = found
                .map(|bytes| bytes.to_vec())
                .map_err(|error| error.to_string());
            assert_eq!(
                found,
                expected.map(<[u8]>::to_vec).map_err(str::to_owned),
                "{text}"
            );
        };
        check("", Ok(&[])).await;
        check("{}", Ok(&[])).await;
        check(r#" {"n":5} "#, Ok(&[8, 5])).await;
        check(
            r#"{"n":5} {"n":6}"#,
            Err(r#"Get takes one message, found more than one; the second begins {"n":6}"#),
        )
        .await;
    }

    #[test]
    fn one_value_has_only_so_much_text() {
        let left = Rc::new(Cell::new(3));
        let mut reader = Rationed {
            reader: io::repeat(b'1'),
            left: Rc::clone(&left),
        };
        let mut buffer = [0; 8];
        assert_eq!(reader.read(&mut buffer).unwrap(), 3);
        assert!(reader.read(&mut buffer).is_err());
        left.set(1);
        assert_eq!(reader.read(&mut buffer).unwrap(), 1);
    }
}

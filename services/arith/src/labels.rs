//! What goes along with every answer beside the message: response metadata, to show how it travels both ways.

use nearcall::metadata::{Ascii, MetadataValue};
use nearcall::{Request, Response};

/// The version of the service's definition, in every answer.
const VERSION: (&str, &str) = ("arith-version", "v1");

/// The request header that comes back as it was sent; its first value, where there are several.
const TAG: &str = "arith-tag";

/// The labels of one call.
#[derive(Debug)]
pub(crate) struct Labels {
    tag: Option<MetadataValue<Ascii>>,
}

impl Labels {
    /// What `request` asks to have echoed.
    pub(crate) fn of<T>(request: &Request<T>) -> Self {
        Self {
            tag: request.metadata().get(TAG).cloned(),
        }
    }

    /// An answer with the labels as its initial metadata.
    pub(crate) fn on<T>(self, answer: T) -> Response<T> {
        let mut response = Response::new(answer);
        let metadata = response.metadata_mut();
        let (name, version) = VERSION;
        metadata.insert(name, MetadataValue::from_static(version));
        if let Some(tag) = self.tag {
            metadata.insert(TAG, tag);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_labelled() {
        let check = |tags: &[&'static str], expected: Option<&str>| {
            let mut request = Request::new(());
            for tag in tags {
                let tag = MetadataValue::from_static(tag);
                request.metadata_mut().append(TAG, tag);
            }
            let response = Labels::of(&request).on(());
            let found = |name| {
                let mut values = response.metadata().get_all(name).iter();
                let first = values.next().map(|value| value.to_str().unwrap());
                assert!(values.next().is_none(), "{name} should be there once");
                first
            };
            assert_eq!(found(VERSION.0), Some(VERSION.1));
            assert_eq!(found(TAG), expected, "{tags:?}");
        };
        check(&[], None);
        check(&["hello"], Some("hello"));
        check(&["first", "second"], Some("first"));
    }
}

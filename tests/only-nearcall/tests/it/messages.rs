//! Messages keep what is put into them, on the way over the wire too.

use std::collections::HashMap;

use nearcall::codegen::prost::{Message as _, Name as _};
use nearcall::codegen::prost_types::{
    Any, Duration, FieldMask, NullValue, Struct, Timestamp, Value, value,
};
use only_nearcall::proto::a::v1::Box as Carton;
use only_nearcall::proto::b::v1::item::Part;
use only_nearcall::proto::b::v1::{Colour, Item};
use only_nearcall::proto::everything::v1::everything::nested::Deep;
use only_nearcall::proto::everything::v1::everything::{Choice, Nested};
use only_nearcall::proto::everything::v1::{Everything, Kind};

#[test]
fn everything_survives_encoding() {
    let leaf = Everything {
        choice: Some(Choice::Text("leaf".to_owned())),
        ..Everything::default()
    };
    let everything = Everything {
        double: 1.5,
        sint64: i64::MIN,
        fixed64: u64::MAX,
        string: "text".to_owned(),
        bytes: vec![0, 255],
        kind: Kind::One.into(),
        maybe: Some(0),
        numbers: vec![1, 2, 3],
        counts: HashMap::from([("a".to_owned(), -1)]),
        children: HashMap::from([(1, leaf.clone())]),
        parent: Some(Box::new(leaf.clone())),
        nested: Some(Box::new(Nested {
            deep: Some(Box::new(Deep {
                everything: Some(Box::new(leaf.clone())),
            })),
        })),
        choice: Some(Choice::All(Box::new(leaf))),
        at: Some(Timestamp {
            seconds: 1,
            nanos: 2,
        }),
        after: Some(Duration {
            seconds: -1,
            nanos: -2,
        }),
        any: Some(Any::from_msg(&Part { weight: 3 }).unwrap()),
        object: Some(Struct {
            fields: [(
                "k".to_owned(),
                Value {
                    kind: Some(value::Kind::BoolValue(true)),
                },
            )]
            .into(),
        }),
        mask: Some(FieldMask {
            paths: vec!["a.b".to_owned()],
        }),
        boxed: Some(0),
        boxed_text: Some(String::new()),
        boxed_bytes: Some(vec![1]),
        null: NullValue::NullValue.into(),
        chunks: vec![vec![1], vec![]],
        kinds: HashMap::from([(-1, Kind::One.into())]),
        ..Everything::default()
    };
    let encoded = everything.encode_to_vec();
    assert_eq!(Everything::decode(encoded.as_slice()).unwrap(), everything);
}

#[test]
fn absent_and_empty_are_told_apart() {
    fn check(maybe: Option<u32>, expected: &[u8]) {
        let message = Everything {
            maybe,
            ..Everything::default()
        };
        assert_eq!(message.encode_to_vec(), expected, "{maybe:?}");
    }
    check(None, &[]);
    // Field 17, varint; 0.
    check(Some(0), &[0x88, 0x01, 0x00]);
}

#[test]
fn a_message_says_its_full_name_and_travels_in_any() {
    assert_eq!(Part::full_name(), "b.v1.Item.Part");
    let any = Any::from_msg(&Part { weight: 3 }).unwrap();
    assert_eq!(any.type_url, "/b.v1.Item.Part");
    assert_eq!(any.to_msg::<Part>().unwrap(), Part { weight: 3 });
}

#[test]
fn a_package_uses_the_messages_of_another() {
    let carton = Carton {
        item: Some(Item {
            name: "sword".to_owned(),
            parts: vec![Part { weight: 1 }],
        }),
        part: Some(Part { weight: 2 }),
        colour: Colour::Red.into(),
    };
    assert_eq!(carton.colour(), Colour::Red);
    assert_eq!(
        Carton::decode(carton.encode_to_vec().as_slice()).unwrap(),
        carton
    );
}

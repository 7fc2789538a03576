//! Names that are safe to put into paths, pipes and variables.

use nearcall_transport::name::{LABEL_LEN_MAX, NameError, ServiceName, World};
use proptest::prelude::*;

#[test]
fn names_parse_into_their_parts() {
    let check =
        |text: &str, world: Option<&str>, service: &str, instance: Option<&str>, variable: &str| {
            let name: ServiceName = text
                .parse()
                .unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(name.world().map(World::as_str), world, "{text}");
            assert_eq!(
                (name.service(), name.instance()),
                (service, instance),
                "{text}"
            );
            assert_eq!(name.variable(), variable, "{text}");
            assert_eq!(name.to_string(), text);
        };
    check("arith", None, "arith", None, "NEARCALL_ADDRESS_ARITH");
    check(
        "arena/arith",
        Some("arena"),
        "arith",
        None,
        "NEARCALL_ADDRESS_ARITH",
    );
    check(
        "arena.0/arith.1",
        Some("arena.0"),
        "arith",
        Some("1"),
        "NEARCALL_ADDRESS_ARITH_1",
    );
    check(
        "path-finder.eu-2",
        None,
        "path-finder",
        Some("eu-2"),
        "NEARCALL_ADDRESS_PATH_FINDER_EU_2",
    );
    let world: World = "arena.0".parse().unwrap();
    assert_eq!((world.name(), world.instance()), ("arena", Some("0")));
    assert_eq!(World::default().as_str(), "default");
}

#[test]
fn what_is_no_name_is_told_why() {
    let check = |text: &str, expected: &str| {
        let error = text.parse::<ServiceName>().expect_err(text).to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
    };
    check("", "found nothing");
    check("/arith", "name of a world, found nothing in \"/arith\"");
    check("arena/", "name of a service, found nothing in \"arena/\"");
    check("arith.", "name of an instance, found nothing");
    check("a/b/c", "more than one `/`");
    check("Arith", "found 'A'");
    check("1arith", "found '1'");
    check("-arith", "found '-'");
    check("arith_x", "found '_'");
    check("arith.1.2", "found '.'");
    check("..", "found nothing");
    check("a..b", "found '.'");
    check("ärith", "found 'ä'");
    check("arith\0", "found '\\0'");
    check("arith ", "found ' '");
    check(
        &"a".repeat(LABEL_LEN_MAX + 1),
        "has 33 bytes, and may have 32",
    );
    assert!("a".repeat(LABEL_LEN_MAX).parse::<ServiceName>().is_ok());
    assert!(matches!(
        "a/".parse::<World>(),
        Err(NameError::Character { found: '/', .. })
    ));
}

proptest! {
    #[test]
    fn names_of_the_grammar_come_back(text in "([a-z][a-z0-9-]{0,31}(\\.[a-z0-9][a-z0-9-]{0,31})?/)?[a-z][a-z0-9-]{0,31}(\\.[a-z0-9][a-z0-9-]{0,31})?") {
        let name: ServiceName = text.parse().unwrap();
        prop_assert_eq!(name.to_string(), text);
    }

    #[test]
    fn no_accepted_name_leaves_its_folder(text in "[a-c./\\\\\\x00:-]{0,12}|.{0,12}") {
        if let Ok(name) = text.parse::<ServiceName>() {
            let parts = [name.local(), name.world().map(World::to_string).unwrap_or_default(), name.variable()];
            for part in parts {
                prop_assert!(!part.contains(['/', '\\', '\0', ':']) && !part.contains(".."), "{:?}", part);
                prop_assert!(!part.starts_with(['.', '-']));
            }
        }
    }
}

use std::path::Path;

use super::*;
use crate::schema::testing::kitchen;

fn call_of(method: &str) -> Call {
    let service = kitchen().get_service_by_name("t.Kitchen").unwrap();
    let method = service
        .methods()
        .find(|known| known.name() == method)
        .unwrap();
    let address: Address = "unix:/run/user/1000/nearcall/default/kitchen.sock"
        .parse()
        .unwrap();
    Call {
        place: Place::new("kitchen".to_owned(), &address, "Kitchen"),
        request: Sample::of(&method.input()),
        protos: proto_folder::needed_by(vec![service.parent_file()]),
        method,
    }
}

fn args() -> DialArgs {
    DialArgs {
        target: "kitchen".to_owned(),
        lang: None,
        method: None,
        out: None,
        json: false,
    }
}

/// Every language, every kind of call: no word is left, and the request is as written down.
#[test]
fn every_language_says_its_program() {
    let world: World = "default".parse().unwrap();
    let mut shown = String::new();
    for language in LANGUAGES {
        for method in ["Cook", "Watch", "Add", "Talk"] {
            let call = call_of(method);
            let service = call.method.parent_service().clone();
            let Ok(files) = files(language, &call, &service, &args(), &world) else {
                assert!(language.template(Kind::of(&call.method)).is_none());
                continue;
            };
            for (path, text) in &files {
                assert!(
                    !text.contains("{{") || language.name == "csharp",
                    "{path}: {text}"
                );
                let marked = text.contains(MARK) || text.contains("nearcall dial");
                assert!(
                    marked,
                    "{path} of {} could not be written over",
                    language.name
                );
            }
            if method == "Cook" {
                let build = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
                let text = files[0].1.replace(&build.display().to_string(), "CRATES");
                shown.push_str(&format!("=== {}\n{text}\n", language.name));
            }
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn what_is_filled_in_is_not_filled_again() {
    let words = vec![("a", "{{b}}".to_owned()), ("b", "x".to_owned())];
    assert_eq!(fill("{{a}} {{b}} {{c}} {{", &words), "{{b}} x {{c}} {{");
}

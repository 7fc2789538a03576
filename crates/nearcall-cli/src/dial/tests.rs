use std::path::Path;

use super::*;
use crate::schema::testing::kitchen;

/// A socket, wherever the test runs.
fn socket() -> Address {
    Address::Unix("/run/user/1000/nearcall/default/kitchen.sock".into())
}

fn pipe() -> Address {
    Address::Pipe("nearcall.0123456789abcdef.default.kitchen".to_owned())
}

fn call_of(method: &str, address: &Address) -> Call {
    let service = kitchen().get_service_by_name("t.Kitchen").unwrap();
    let method = service
        .methods()
        .find(|known| known.name() == method)
        .unwrap();
    Call {
        place: Place::new("kitchen".to_owned(), address, "Kitchen"),
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

/// Every kind of call in every language that dials such a place: no word is left. Answers the programs for the plainest.
fn programs(address: &Address) -> String {
    let world: World = "default".parse().unwrap();
    let mut shown = String::new();
    for language in LANGUAGES {
        for method in ["Cook", "Watch", "Add", "Talk"] {
            let call = call_of(method, address);
            let service = call.method.parent_service().clone();
            let Ok(files) = files(language, &call, &service, &args(), &world) else {
                assert!(
                    language.template(Kind::of(&call.method)).is_none()
                        || language.dial(&call.place).is_none()
                );
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
    shown
}

#[test]
fn every_language_says_its_program() {
    insta::assert_snapshot!(programs(&socket()));
}

/// The same for Windows, where four libraries dial no pipe.
#[test]
fn languages_that_dial_pipes_say_their_program() {
    let programs = programs(&pipe());
    for language in ["python", "grpclib", "cpp", "java"] {
        assert!(!programs.contains(&format!("=== {language}\n")));
    }
    let untried = programs.matches("NOT RUN YET").count();
    // Those of Go and Node were.
    assert_eq!(untried + 2, programs.matches("=== ").count());
    insta::assert_snapshot!(programs);
}

#[test]
fn go_asks_for_what_dials_pipes_only_where_it_is_needed() {
    let world: World = "default".parse().unwrap();
    let go = LANGUAGES.iter().find(|language| language.name == "go");
    let needs_winio = |address| {
        let call = call_of("Cook", &address);
        let service = call.method.parent_service().clone();
        let files = files(go.unwrap(), &call, &service, &args(), &world).unwrap();
        let texts = files.iter().filter(|(_, text)| text.contains("go-winio"));
        texts.map(|(path, _)| *path).collect::<Vec<_>>()
    };
    assert_eq!(needs_winio(socket()), [""; 0]);
    assert_eq!(needs_winio(pipe()), ["main.go", "go.mod"]);
}

#[test]
fn what_is_filled_in_is_not_filled_again() {
    let words = vec![("a", "{{b}}".to_owned()), ("b", "x".to_owned())];
    assert_eq!(fill("{{a}} {{b}} {{c}} {{", &words), "{{b}} x {{c}} {{");
}

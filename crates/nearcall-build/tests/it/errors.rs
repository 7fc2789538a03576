//! Reports, as they stand in a build log, and the facts behind them.

use std::error::Error as _;
use std::path::Path;

use nearcall_build::{Builder, Error, ErrorKind, Place};

/// Compiles files of `tests/bad`, which must fail.
fn failure(protos: &[&str], includes: &[&str]) -> Error {
    let folder = tempfile::tempdir().expect("a folder");
    let result = Builder::new()
        .out_dir(folder.path())
        .compile(protos, includes);
    assert_eq!(
        folder.path().read_dir().expect("the folder").count(),
        0,
        "nothing is written"
    );
    result.expect_err("these files have an error")
}

const BAD: &[&str] = &["tests/bad"];

#[test]
fn a_report_says_where_and_what_to_do() {
    fn check(name: &str, protos: &[&str], includes: &[&str]) {
        let error = failure(protos, includes);
        // The crate's folder, as this system names it.
        let here = std::env::current_dir().unwrap();
        let report = error
            .to_string()
            .replace(&here.display().to_string(), "CRATE")
            .replace('\\', "/");
        insta::assert_snapshot!(name, report);
        // What `main` prints is the same, behind `Error: `.
        assert_eq!(format!("{error:?}"), format!("\n{error}"));
    }
    check("no_input", &[], BAD);
    check("not_found", &["tests/bad/nowhere.proto"], BAD);
    check("not_a_file", &["tests/bad"], BAD);
    check(
        "not_included",
        &["tests/bad/syntax.proto"],
        &["tests/it", "tests/nowhere"],
    );
    check("syntax", &["tests/bad/syntax.proto"], BAD);
    check("not_utf8", &["tests/bad/not_utf8.proto"], BAD);
    check(
        "import",
        &["tests/bad/import.proto"],
        &["tests/bad", "tests/it"],
    );
    check("import_of_import", &["tests/bad/deep_import.proto"], BAD);
    check("import_cycle", &["tests/bad/cycle_a.proto"], BAD);
    check("unknown_type", &["tests/bad/unknown_type.proto"], BAD);
    check("not_ascii", &["tests/bad/letters.proto"], BAD);
    check("two_faults", &["tests/bad/twice.proto"], BAD);
    check("defined_twice", &["tests/bad/defined_twice.proto"], BAD);
    check("no_package", &["tests/bad/no_package.proto"], BAD);
    check("name_taken", &["tests/bad/name_taken.proto"], BAD);
    check("same_module", &["tests/bad/module_a.proto"], BAD);
    const TWO: &[&str] = &["tests/bad/one", "tests/bad/two"];
    check(
        "same_name",
        &[
            "tests/bad/one/same/same.proto",
            "tests/bad/two/same/same.proto",
        ],
        TWO,
    );
    check("shadowed", &["tests/bad/two/same/same.proto"], TWO);
}

#[test]
fn an_error_has_the_facts() {
    fn check(file: &str, line: usize, column: usize) {
        let path = format!("tests/bad/{file}");
        let error = failure(&[&path], BAD);
        let place = match error.kind() {
            ErrorKind::ImportNotFound { place, .. } | ErrorKind::NoPackage { place, .. } => {
                place.clone()
            }
            ErrorKind::Proto { place, .. } => place.clone().expect("a place"),
            other => panic!("{other:?}"),
        };
        let Place { file, .. } = &place;
        assert_eq!(
            (file.as_path(), place.line, place.column),
            (Path::new(&path), line, column)
        );
    }
    check("syntax.proto", 7, 1);
    check("import.proto", 5, 1);
    check("unknown_type.proto", 6, 11);
    check("no_package.proto", 3, 9);
    // The letter before takes two bytes.
    check("letters.proto", 6, 29);
}

#[test]
fn the_cause_is_kept() {
    fn causes(error: &Error) -> Vec<String> {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            causes.push(error.to_string());
            cause = error.source();
        }
        causes
    }
    let syntax = failure(&["tests/bad/syntax.proto"], BAD);
    assert_eq!(causes(&syntax)[0], "expected ';' or '[', but found '}'");

    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Builder::new()
        .out_dir(file.path().join("below a file"))
        .compile(["tests/good/shop.proto"], ["tests/good"])
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Write { .. }), "{error}");
    assert_eq!(causes(&error).len(), 1);
    assert!(error.to_string().contains(&causes(&error)[0]), "{error}");

    let error = Builder::new()
        .out_dir(file.path())
        .runtime("not a path")
        .compile(["tests/good/shop.proto"], ["tests/good"])
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("option `runtime` is 'not a path'"),
        "{error}"
    );
}

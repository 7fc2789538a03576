//! The help texts, which are the command's reference.

#[test]
fn help_texts_are_as_written_down() {
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .case("tests/it/help/*.trycmd");
}

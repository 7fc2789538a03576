//! The help texts, which are the command's reference.

#[test]
fn help_texts_are_as_written_down() {
    let cases = trycmd::TestCases::new();
    cases.env("NO_COLOR", "1").case("tests/it/help/*.trycmd");
    // Elsewhere the command says that it is not for this system.
    #[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
    cases.skip("tests/it/help/frames.trycmd");
}

use super::*;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("/game/nearcall.toml"), text)
}

/// The error with its causes, as the command tells it.
fn told(text: &str) -> String {
    let error = anyhow::Error::new(parse(text).unwrap_err());
    error
        .chain()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn everything_can_be_said() {
    let config = parse(
        r#"
        world = "arena"
        [services.arith]
        build = ["cargo", "build"]
        run = ["target/release/arith", "--fast"]
        after = ["assets"]
        env = { RUST_LOG = "info" }
        dir = "sub"
        health = "arith.v1.Arith"
        stop_timeout = "1m 500ms"
        [services.assets]
        run = ["assets"]
        "#,
    )
    .unwrap();
    assert_eq!(config.world.unwrap().as_str(), "arena");
    let [assets, arith] = config.plan.specs() else {
        panic!("{:?}", config.plan);
    };
    assert_eq!(arith.run, ["target/release/arith", "--fast"]);
    assert_eq!(arith.build.as_deref().unwrap(), ["cargo", "build"]);
    assert_eq!(arith.after, std::slice::from_ref(&assets.name));
    assert_eq!(arith.env["RUST_LOG"], "info");
    assert_eq!(arith.dir, Path::new("/game/sub"));
    assert_eq!(arith.health, "arith.v1.Arith");
    assert_eq!(arith.stop_timeout, Duration::from_millis(60_500));
    assert_eq!(assets.dir, Path::new("/game/"));
    assert_eq!(
        (assets.health.as_str(), assets.stop_timeout),
        ("", STOP_TIMEOUT)
    );
    assert!(assets.build.is_none());
}

#[test]
fn an_empty_file_has_no_services() {
    assert!(parse("").unwrap().plan.specs().is_empty());
}

#[test]
fn mistakes_are_told_with_their_line() {
    insta::assert_snapshot!("not_toml", told("[services.a\nrun = 1"));
    insta::assert_snapshot!("unknown_key", told("[services.a]\nrunn = [\"a\"]\n"));
    insta::assert_snapshot!("unknown_top_key", told("wolrd = \"x\"\n"));
    insta::assert_snapshot!("no_run", told("[services.a]\nafter = []\n"));
    insta::assert_snapshot!(
        "run_is_text",
        told("[services.a]\nrun = \"target/a --flag\"\n")
    );
    insta::assert_snapshot!("run_is_empty", told("[services.a]\nrun = []\n"));
    insta::assert_snapshot!(
        "build_without_program",
        told("[services.a]\nrun = [\"a\"]\nbuild = [\"\"]\n")
    );
    insta::assert_snapshot!(
        "bad_name",
        told("world = \"x\"\n\n[services.Arith]\nrun = [\"a\"]\n")
    );
    insta::assert_snapshot!("bad_world", told("world = \"../x\"\n"));
    insta::assert_snapshot!(
        "reserved_name",
        told("[services.supervisor]\nrun = [\"a\"]\n")
    );
    insta::assert_snapshot!(
        "unknown_after",
        told("[services.a]\nrun = [\"a\"]\nafter = [\n  \"b\",\n]\n")
    );
    insta::assert_snapshot!(
        "circle",
        told(
            "[services.a]\nrun = [\"a\"]\nafter = [\"b\"]\n[services.b]\nrun = [\"b\"]\nafter = [\"a\"]\n"
        )
    );
    insta::assert_snapshot!(
        "bad_time",
        told("[services.a]\nrun = [\"a\"]\nstop_timeout = \"soon\"\n")
    );
    insta::assert_snapshot!(
        "world_in_env",
        told("[services.a]\nrun = [\"a\"]\nenv = { NEARCALL_WORLD = \"x\" }\n")
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let file = std::path::absolute("/none/nearcall.toml").unwrap();
    let error = Config::load(Some(&file)).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot read {}", file.display()));
}

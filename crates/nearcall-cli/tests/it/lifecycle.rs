//! `up`, `ps`, `logs`, `restart` and `down` over real servers, each test in a runtime folder of its own.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use nearcall::process;
use tempfile::TempDir;

/// Longer than anything here takes, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// A project with its own runtime and state folders.
struct Place {
    folder: TempDir,
    #[cfg(windows)]
    _turn: std::sync::MutexGuard<'static, ()>,
}

impl Place {
    /// Writes `nearcall.toml`; `QUIET` in it becomes the path of a server with nothing but health.
    fn new(config: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("nc-").tempdir().unwrap();
        for name in ["run", "state"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        // A backslash would stand for something else in TOML; the ending of a program is found by itself.
        let quiet = quiet_server().to_str().unwrap().replace('\\', "/");
        let config = config.replace("QUIET", quiet.trim_end_matches(EXE_SUFFIX));
        fs::write(folder.path().join("nearcall.toml"), config).unwrap();
        Self {
            folder,
            #[cfg(windows)]
            _turn: nearcall_testkit::alone(),
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nearcall"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("XDG_RUNTIME_DIR", self.folder.path().join("run"))
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .env("LOCALAPPDATA", self.folder.path().join("run"))
            .env("NO_COLOR", "1")
            .env_remove("NEARCALL_WORLD")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs and expects exit status 0; answers with stdout.
    fn succeed(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs and expects exit status 1; answers with stderr.
    fn fail(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn ps(&self) -> Vec<serde_json::Value> {
        serde_json::from_str(&self.succeed(&["ps", "--json"])).unwrap()
    }

    fn entry(&self, name: &str) -> PathBuf {
        self.folder
            .path()
            .join(format!("run/nearcall/default/{name}.json"))
    }

    /// No file is left in the runtime folder, nor the world's own folder.
    fn left_nothing(&self) {
        let world = self.folder.path().join("run/nearcall/default");
        assert!(!world.exists(), "{:?}", files_of(&world));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Whatever a failed test has left running.
        let _ = self.command(&["down"]).output();
    }
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|file| file.path()).collect()
}

/// Cargo builds examples along with the tests, next to the command.
fn quiet_server() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_nearcall"))
        .with_file_name("examples")
        .join(format!("quiet_server{EXE_SUFFIX}"));
    assert!(
        path.is_file(),
        "{} is not built; run `cargo build --examples`",
        path.display()
    );
    std::path::absolute(path).unwrap()
}

fn is_running(pid: u64) -> bool {
    process::is_alive(pid.try_into().unwrap())
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let bound = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < bound, "{what} did not come about");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(unix)]
fn wait(mut child: std::process::Child) -> std::process::ExitStatus {
    let mut status = None;
    wait_until("the command's end", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap()
}

/// How the address of a service begins.
const ADDRESS_BEGIN: &str = if cfg!(windows) {
    "pipe:nearcall."
} else {
    "unix:/"
};

/// Commands one after the other, as the system's shell takes them, for `nearcall.toml`.
fn shell(commands: &[&str]) -> String {
    if cfg!(windows) {
        format!("[\"cmd\", \"/C\", \"{}\"]", commands.join("& "))
    } else {
        format!("[\"sh\", \"-c\", \"{}\"]", commands.join("; "))
    }
}

const TWO: &str = r#"
    [services.web]
    run = ["QUIET", "web"]
    after = ["db"]
    [services.db]
    run = ["QUIET", "db"]
"#;

#[test]
fn services_come_up_are_seen_and_go_down() {
    let place = Place::new(TWO);
    let table = place.succeed(&["up", "-d"]);
    assert!(table.starts_with("NAME"), "{table}");
    let rows = place.ps();
    assert_eq!(rows.len(), 2);
    for (row, name) in rows.iter().zip(["db", "web"]) {
        assert_eq!(row["name"], name);
        assert_eq!(row["state"], "SERVING");
        assert_eq!(row["restarts"], 0);
        assert!(
            row["address"].as_str().unwrap().starts_with(ADDRESS_BEGIN),
            "{row}"
        );
        assert!(is_running(row["pid"].as_u64().unwrap()), "{row}");
    }
    let logs = place.succeed(&["logs", "web"]);
    assert!(logs.contains("web | * serving"), "{logs}");

    let second = place.fail(&["up"]);
    assert!(second.contains("is up already, under process "), "{second}");

    place.succeed(&["restart", "db"]);
    let again = place.ps();
    assert_ne!(again[0]["pid"], rows[0]["pid"]);
    assert_eq!(again[0]["restarts"], 1);
    assert_eq!(again[1]["pid"], rows[1]["pid"]);

    place.succeed(&["down", "db"]);
    let states: Vec<_> = place.ps().iter().map(|row| row["state"].clone()).collect();
    // What needs db went with it, and with the last service the supervisor.
    assert!(
        states.is_empty() || states.iter().all(|state| state == "STOPPED"),
        "{states:?}"
    );
    place.succeed(&["down"]);
    for row in rows.iter().chain(&again) {
        assert!(!is_running(row["pid"].as_u64().unwrap()), "{row}");
    }
    place.left_nothing();
    assert!(place.succeed(&["down"]).contains("nothing to stop"));
    let end = place.succeed(&["logs", "web", "-n", "1"]);
    #[cfg(windows)]
    if nearcall_testkit::left_out_by_wine("a service ends by ctrl-break") {
        assert!(
            end.contains("* killed: ctrl-break does not reach it"),
            "{end}"
        );
        return;
    }
    assert!(end.contains("* stopped: "), "{end}");
}

#[test]
fn a_supervisor_that_is_killed_takes_its_services_along() {
    let place = Place::new(TWO);
    place.succeed(&["up", "-d"]);
    let rows = place.ps();
    let entry: serde_json::Value =
        serde_json::from_slice(&fs::read(place.entry("supervisor")).unwrap()).unwrap();
    process::kill(entry["pid"].as_u64().unwrap().try_into().unwrap()).unwrap();
    for row in &rows {
        wait_until("the end of a service", || {
            !is_running(row["pid"].as_u64().unwrap())
        });
    }
    assert!(place.ps().iter().all(|row| row["state"] == "DEAD"));
    // What was left does not stand in the way.
    place.succeed(&["up", "-d"]);
    assert!(place.ps().iter().all(|row| row["state"] == "SERVING"));
    place.succeed(&["down"]);
    place.left_nothing();
}

#[test]
fn a_start_that_fails_says_why_and_leaves_nothing() {
    let place = Place::new(
        r#"
        [services.db]
        run = ["QUIET", "db"]
        [services.bad]
        run = SHELL
        after = ["db"]
        "#
        .replace("SHELL", &shell(&["echo the reason>&2", "exit 3"]))
        .as_str(),
    );
    for args in [&["up", "-d"][..], &["up"][..]] {
        let output = place.run(args);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(said.contains("bad | the reason"), "{said}");
        assert!(said.contains("failed with exit status 3"), "{said}");
        place.left_nothing();
    }
}

#[test]
fn a_build_that_fails_shows_what_it_said() {
    let build = shell(&["echo no such type", "exit 1"]);
    let place = Place::new(&format!(
        "[services.a]\nbuild = {build}\nrun = [\"QUIET\"]\n"
    ));
    let said = place.fail(&["up"]);
    assert!(said.contains("no such type"), "{said}");
    assert!(
        said.contains("the build of a failed: exit ") && said.contains(": 1\n"),
        "{said}"
    );
}

/// On Windows a ctrl-c goes to all that share the console, the tests among them.
#[cfg(unix)]
#[test]
fn ctrl_c_stops_all_in_reverse() {
    let place = Place::new(TWO);
    let child = place
        .command(&["up"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the last service", || {
        place
            .ps()
            .iter()
            .filter(|row| row["state"] == "SERVING")
            .count()
            == 2
    });
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let mut child = child;
    let mut shown = String::new();
    std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut shown).unwrap();
    assert!(wait(child).success(), "{shown}");
    let at = |text: &str| {
        shown
            .find(text)
            .unwrap_or_else(|| panic!("{text} is not in {shown}"))
    };
    assert!(at("db  | * serving") < at("web | * started"), "{shown}");
    assert!(at("web | * stopped") < at("db  | * stopped"), "{shown}");
    place.left_nothing();
}

#[test]
fn what_is_wrong_is_told_before_anything_starts() {
    let place = Place::new("[services.a]\nrunn = [\"x\"]\n");
    let said = place.fail(&["up"]);
    assert!(
        said.contains("line 2, column 1") && said.contains("unknown field `runn`"),
        "{said}"
    );
    drop(place);
    let place = Place::new("[services.a]\nrun = [\"x\"]\n");
    let said = place.fail(&["up", "b"]);
    assert!(
        said.contains("b is not a service of") && said.contains("there are: a"),
        "{said}"
    );
    let said = place.fail(&["logs", "a"]);
    assert!(said.contains("a has no log in world default"), "{said}");
    let said = place.fail(&["--world", "Not/One", "ps"]);
    assert!(said.contains("does not name a world"), "{said}");
}

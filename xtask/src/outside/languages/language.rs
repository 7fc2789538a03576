//! The languages, and how an example of one is built and run.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::capi;
use crate::check::{Session, Tool};
use crate::program::{Ended, Program};

use super::super::server::in_runtime;
use super::super::{GO, JAVAC, MAVEN, NODE, NPM, PROTOC, PYTHON, go, npm};
use super::copy::Copy;
use super::readme::commands;
use super::transcript::Mark;

/// Limit: how long a built example may run; most of it is a deadline that it waits for.
const RUN_LIMIT: Duration = Duration::from_secs(60);

/// One row of the table.
#[derive(Debug)]
pub(super) struct Language {
    pub(super) name: &'static str,
    library: &'static str,
    /// The version of the library, and the file of the example that locks it; none where the system has the library.
    pub(super) locked: Option<(&'static str, &'static str)>,
    pub(super) folder: &'static str,
    /// The example is part of the workspace, so it is not built in a copy.
    in_workspace: bool,
    needs: &'static [Tool],
    settings: fn(&Session<'_>) -> anyhow::Result<Settings>,
    /// Whether plain tonic answers it, where that is tried.
    pub(super) plain_tonic_lets_in: Option<bool>,
}

/// Variables that keep what a tool writes under `target/`.
type Settings = Vec<(&'static str, OsString)>;

pub(super) const TYPESCRIPT: Language = Language {
    name: "TypeScript, Node",
    library: "@grpc/grpc-js",
    locked: Some(("1.14.7", "package-lock.json")),
    folder: "examples/node/hello",
    in_workspace: false,
    needs: &[NODE, NPM],
    settings: npm::settings,
    plain_tonic_lets_in: None,
};

pub(super) const LANGUAGES: &[Language] = &[
    Language {
        name: "Rust",
        library: "nearcall",
        locked: None,
        folder: "examples/rust/hello",
        in_workspace: true,
        needs: &[],
        settings: |_| Ok(Vec::new()),
        plain_tonic_lets_in: None,
    },
    Language {
        name: "Go",
        library: "grpc-go",
        locked: Some(("1.83.2", "go.mod")),
        folder: "examples/go/hello",
        in_workspace: false,
        needs: &[GO, PROTOC],
        settings: |session| go::folders(&session.outside()?.join("go")),
        plain_tonic_lets_in: Some(true),
    },
    Language {
        name: "Python",
        library: "grpcio",
        locked: Some(("1.85.1", "requirements.txt")),
        folder: "examples/python/hello",
        in_workspace: false,
        needs: &[PYTHON],
        settings: python,
        // `python-grpcio` tries it.
        plain_tonic_lets_in: None,
    },
    Language {
        name: "Python, asyncio",
        library: "grpclib",
        locked: Some(("0.4.9", "requirements.txt")),
        folder: "examples/python/hello-grpclib",
        in_workspace: false,
        needs: &[PYTHON],
        settings: python,
        plain_tonic_lets_in: None,
    },
    TYPESCRIPT,
    Language {
        name: "C++",
        library: "grpc++",
        locked: None,
        folder: "examples/cpp/hello",
        in_workspace: false,
        needs: &[
            Tool(&["c++", "--version"]),
            Tool(&["cmake", "--version"]),
            Tool(&["make", "--version"]),
            Tool(&["pkg-config", "--exists", "grpc++", "protobuf"]),
            PROTOC,
            Tool(&["sh", "-c", "command -v grpc_cpp_plugin"]),
        ],
        settings: |_| Ok(Vec::new()),
        // Old ones send `localhost`, new ones the path; which it is here is the system's choice.
        plain_tonic_lets_in: None,
    },
    Language {
        name: "Java",
        library: "grpc-java",
        locked: Some(("1.83.0", "pom.xml")),
        folder: "examples/java/hello",
        in_workspace: false,
        needs: &[JAVAC, MAVEN],
        settings: |session| {
            let mut option = OsString::from("-Dmaven.repo.local=");
            option.push(session.target().join("m2"));
            Ok(vec![("MAVEN_OPTS", option)])
        },
        plain_tonic_lets_in: Some(false),
    },
    Language {
        name: "C",
        library: "libnearcall",
        locked: None,
        folder: "examples/c/hello",
        in_workspace: false,
        needs: &[
            Tool(&["cc", "--version"]),
            Tool(&["make", "--version"]),
            Tool(&["pkg-config", "--exists", "libprotobuf-c"]),
            Tool(&["protoc-c", "--version"]),
        ],
        settings: libnearcall,
        plain_tonic_lets_in: None,
    },
    Language {
        name: "C#, Mono",
        library: "libnearcall",
        locked: None,
        folder: "examples/csharp/hello",
        in_workspace: false,
        needs: &[Tool(&["mcs", "--version"]), Tool(&["mono", "--version"])],
        settings: libnearcall,
        plain_tonic_lets_in: None,
    },
    Language {
        name: "shell",
        library: "nearcall call",
        locked: None,
        folder: "examples/shell/hello",
        in_workspace: false,
        needs: &[],
        settings: |session| {
            // Built together with arith.
            let mut folders = vec![session.target().join("release")];
            let path = env::var_os("PATH").unwrap_or_default();
            folders.extend(env::split_paths(&path));
            Ok(vec![("PATH", env::join_paths(folders)?)])
        },
        plain_tonic_lets_in: None,
    },
];

/// The C library, where the READMEs say that it is.
fn libnearcall(_: &Session<'_>) -> anyhow::Result<Settings> {
    Ok(vec![("NEARCALL_PREFIX", capi::install()?.into())])
}

fn python(session: &Session<'_>) -> anyhow::Result<Settings> {
    Ok(vec![
        ("PIP_CACHE_DIR", session.outside()?.join("pip").into()),
        ("PIP_DISABLE_PIP_VERSION_CHECK", "1".into()),
    ])
}

/// A built example.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) folder: PathBuf,
    settings: Settings,
    run: String,
}

impl Language {
    /// Whether a tool is missing; says which, then.
    pub(super) fn is_missing(&self) -> bool {
        let missing: Vec<_> = self.needs.iter().filter_map(Tool::missing).collect();
        if !missing.is_empty() {
            println!("{} left out: {}", self.name, missing.join("; "));
        }
        !missing.is_empty()
    }

    /// Carries out what the README says to do once: all blocks of shell but the last.
    pub(super) fn build(&self, session: &Session<'_>, copy: &Copy) -> anyhow::Result<Example> {
        let folder = if self.in_workspace {
            session.root.join(self.folder)
        } else {
            copy.folder(self.folder)
        };
        let readme = folder.join("README.md");
        let readme = fs::read_to_string(&readme).with_context(|| readme.display().to_string())?;
        let mut blocks = commands(&readme);
        let run = blocks.pop();
        let run = run.with_context(|| {
            let folder = self.folder;
            format!("{folder}/README.md should say in a block of sh how to run the example")
        })?;
        let example = Example {
            folder,
            settings: (self.settings)(session)?,
            run,
        };
        for block in blocks {
            example.shell(session, &block)?.succeed()?;
        }
        Ok(example)
    }

    /// The library, with its version where one is locked.
    pub(super) fn library(&self) -> String {
        match self.locked {
            Some((version, _)) => format!("{} {version}", self.library),
            None => self.library.to_owned(),
        }
    }

    /// The row of the table.
    pub(super) fn row(&self, marks: &[Mark]) -> String {
        let marks: Vec<_> = marks.iter().map(Mark::to_string).collect();
        let library = self.library();
        format!("| {} | {library} | {} |", self.name, marks.join(" | "))
    }
}

impl Example {
    /// Carries out what the README says to do then, where `socket` is that of arith.
    pub(super) fn run(&self, session: &Session<'_>, socket: &Path) -> anyhow::Result<Ended> {
        const PLACE: &str = "nearcall/default/arith.sock";
        ensure!(
            socket.ends_with(PLACE),
            "the socket should be at {PLACE} in the runtime folder, found {}",
            socket.display()
        );
        let runtime = socket.ancestors().nth(Path::new(PLACE).iter().count());
        let runtime = runtime.context("a path that ends with another begins with something")?;
        in_runtime(self.shell(session, &self.run)?, runtime)
            .at_most(RUN_LIMIT)
            .run()
    }

    fn shell(&self, session: &Session<'_>, script: &str) -> anyhow::Result<Program> {
        let shell = session.program("sh")?.folder(&self.folder);
        Ok(shell.envs(&self.settings).args(["-euc", script]))
    }
}

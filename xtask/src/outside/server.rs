//! Servers that the checks dial, each on a Unix socket in a runtime folder of its own.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use crate::check::Session;
use crate::program::{Program, end_family};

/// Limit: how long a server may take until it answers at its socket.
const START_LIMIT: Duration = Duration::from_secs(20);

/// How long to wait between two looks at a socket.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// The folder for logs, in the runtime folder of a check.
pub(crate) const LOGS: &str = "logs";

/// A folder in the place of `$XDG_RUNTIME_DIR`, gone when dropped. Short, since a socket's path is bounded.
pub(crate) fn runtime_folder() -> anyhow::Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("nearcall-").tempdir()?)
}

/// `program` with its registry and its logs in `runtime`, and no setting of the caller's in its way.
pub(crate) fn in_runtime(program: Program, runtime: &Path) -> Program {
    program
        .env("XDG_RUNTIME_DIR", runtime)
        .env("XDG_STATE_HOME", runtime.join(LOGS))
        .env_remove("NEARCALL_WORLD")
        .env_remove("NEARCALL_ADDRESS_ARITH")
}

/// Builds the `nearcall` command and the services for release, and answers with the folder of the programs.
pub(crate) fn release_programs(session: &Session<'_>) -> anyhow::Result<PathBuf> {
    // One by one, as the demo and `nearcall up` do it: together their features would add up, and build anew.
    for package in ["nearcall-cli", "arith"] {
        session
            .cargo()?
            .args(["build", "--release", "--package", package])
            .succeed()?;
    }
    Ok(session.target().join("release"))
}

/// Builds all programs and libraries for debugging, and answers with their folder. All at once and with the tests, as
/// `cargo test` has built them: one package alone has other features, and so needs half of everything built anew.
pub(crate) fn debug_programs(session: &Session<'_>) -> anyhow::Result<PathBuf> {
    session
        .cargo()?
        .args(["build", "--workspace", "--all-targets"])
        .succeed()?;
    Ok(session.target().join("debug"))
}

/// Another path to a server's socket, gone when dropped.
#[derive(Debug)]
pub(crate) struct Alias {
    pub(crate) socket: PathBuf,
    _folder: TempDir,
}

/// A running server, killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) socket: PathBuf,
    _folder: TempDir,
}

impl Server {
    /// nearcall's own `arith`.
    pub(crate) fn arith(session: &Session<'_>) -> anyhow::Result<Self> {
        let program = release_programs(session)?.join("arith");
        let folder = runtime_folder()?;
        let socket = folder.path().join("nearcall/default/arith.sock");
        let program = in_runtime(session.program(program)?, folder.path());
        Self::start(program, socket, folder)
    }

    /// nearcall's own renderer.
    pub(crate) fn render(session: &Session<'_>) -> anyhow::Result<Self> {
        session
            .cargo()?
            .args(["build", "--release", "--package", "render"])
            .succeed()?;
        let folder = runtime_folder()?;
        let socket = folder.path().join("render.sock");
        let program = session.program(session.target().join("release/render"))?;
        let program = program.arg(format!("unix:{}", socket.display()));
        Self::start(in_runtime(program, folder.path()), socket, folder)
    }

    /// What makes every call once more, of the caller.
    pub(crate) fn mirror(session: &Session<'_>) -> anyhow::Result<Self> {
        let program = debug_programs(session)?.join("mirror-server");
        let folder = runtime_folder()?;
        let socket = folder.path().join("mirror.sock");
        let program = session.program(program)?;
        let program = program.arg(format!("unix:{}", socket.display()));
        Self::start(in_runtime(program, folder.path()), socket, folder)
    }

    /// The example whose server calls its clients.
    pub(crate) fn chat(session: &Session<'_>) -> anyhow::Result<Self> {
        let program = debug_programs(session)?.join("example-callback");
        let folder = runtime_folder()?;
        let socket = folder.path().join("chat.sock");
        let program = session.program(program)?;
        let program = program.arg(format!("unix:{}", socket.display()));
        Self::start(in_runtime(program, folder.path()), socket, folder)
    }

    /// The service that the interop clients call, on nearcall.
    pub(crate) fn interop(session: &Session<'_>) -> anyhow::Result<Self> {
        let program = debug_programs(session)?.join("interop-server");
        let folder = runtime_folder()?;
        let socket = folder.path().join("interop.sock");
        let program = session.program(program)?;
        let program = program.arg(format!("unix:{}", socket.display()));
        Self::start(in_runtime(program, folder.path()), socket, folder)
    }

    /// `arith` on tonic's own server.
    pub(crate) fn plain_tonic(session: &Session<'_>) -> anyhow::Result<Self> {
        let target = session.target();
        session
            .cargo()?
            .args(["build", "--locked", "--target-dir"])
            .arg(&target)
            .args(["--manifest-path", "tests/outside/plain-tonic/Cargo.toml"])
            .succeed()?;
        let folder = runtime_folder()?;
        let socket = folder.path().join("plain.sock");
        let program = session.program(target.join("debug/plain-tonic"))?;
        Self::start(program.arg(&socket), socket, folder)
    }

    /// The socket once more, where a program looks for that of arith.
    pub(crate) fn as_arith(&self) -> anyhow::Result<Alias> {
        let folder = runtime_folder()?;
        let place = folder.path().join("nearcall/default");
        fs::create_dir_all(&place)?;
        let socket = place.join("arith.sock");
        symlink(&self.socket, &socket)?;
        Ok(Alias {
            socket,
            _folder: folder,
        })
    }

    fn start(mut program: Program, socket: PathBuf, folder: TempDir) -> anyhow::Result<Self> {
        let mut server = Self {
            child: program.start()?,
            socket,
            _folder: folder,
        };
        let bound = Instant::now() + START_LIMIT;
        while UnixStream::connect(&server.socket).is_err() {
            let ended = server.child.try_wait().context("asking for the server")?;
            if ended.is_some() || Instant::now() > bound {
                bail!(
                    "no server at {} ({}); it wrote:{}",
                    server.socket.display(),
                    ended.map_or_else(|| "still running".to_owned(), |status| status.to_string()),
                    program.written()
                );
            }
            thread::sleep(LOOK_INTERVAL);
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end_family(self.child.id());
        // Already gone is as good as ended now.
        self.child.wait().ok();
    }
}

//! Runs the `nearcall` program of this build.

use std::process::Stdio;
use std::time::Duration;

use nearcall::tokio;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Nothing in these tests takes this long.
const PATIENCE: Duration = Duration::from_secs(120);

/// A program with its words, not yet running.
pub(crate) struct Program {
    command: Command,
    input: String,
}

/// What a program did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

/// `nearcall <words>`.
pub(crate) fn program(words: &[&str]) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nearcall"));
    command
        .args(words)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(windows)]
    nearcall::process::own_group(command.as_std_mut());
    Program {
        command,
        input: String::new(),
    }
}

impl Program {
    /// What it finds on stdin.
    pub(crate) fn input(mut self, input: &str) -> Self {
        input.clone_into(&mut self.input);
        self
    }

    /// Runs it to its end.
    pub(crate) async fn run(self) -> Done {
        let input = self.input.clone();
        let mut talk = self.talk();
        let stdin = talk.stdin.as_mut().unwrap();
        // A program that fails early does not read its input.
        let _ = stdin.write_all(input.as_bytes()).await;
        talk.end().await
    }

    /// Runs it, with its input and output at hand.
    pub(crate) fn talk(mut self) -> Talk {
        let mut child = self.command.spawn().unwrap();
        Talk {
            stdin: child.stdin.take(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }
}

/// A program that runs.
pub(crate) struct Talk {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Talk {
    /// Writes a line to it.
    pub(crate) async fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
        stdin.flush().await.unwrap();
    }

    /// Waits for a line of it.
    pub(crate) async fn hear(&mut self) -> String {
        let mut line = String::new();
        tokio::time::timeout(PATIENCE, self.stdout.read_line(&mut line))
            .await
            .expect("a line")
            .unwrap();
        line
    }

    /// Ends its input and waits for it.
    pub(crate) async fn end(mut self) -> Done {
        drop(self.stdin.take());
        let mut stdout = String::new();
        let mut stderr = String::new();
        let mut errors = self.child.stderr.take().unwrap();
        let all = async {
            let both = tokio::join!(
                self.stdout.read_to_string(&mut stdout),
                errors.read_to_string(&mut stderr)
            );
            both.0.unwrap();
            both.1.unwrap();
            self.child.wait().await.unwrap()
        };
        let status = tokio::time::timeout(PATIENCE, all)
            .await
            .expect("the program ends");
        Done {
            stdout,
            stderr,
            code: status.code(),
        }
    }

    /// Closes the end of its stdout and waits for it.
    pub(crate) async fn stop_listening(self) -> Done {
        let Self {
            mut child,
            stdin,
            stdout,
        } = self;
        drop((stdin, stdout));
        let mut stderr = String::new();
        let mut errors = child.stderr.take().unwrap();
        let all = async {
            errors.read_to_string(&mut stderr).await.unwrap();
            child.wait().await.unwrap()
        };
        let status = tokio::time::timeout(PATIENCE, all)
            .await
            .expect("the program ends");
        Done {
            stdout: String::new(),
            stderr,
            code: status.code(),
        }
    }

    /// Ends it with no chance to clear up.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Sends it what Ctrl-C sends, and waits for it.
    #[cfg(unix)]
    pub(crate) async fn interrupt(self) -> Done {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let id = rustix::process::Pid::from_raw(id.unwrap()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
        self.end().await
    }

    /// Sends it a ctrl-break, and waits for it.
    #[cfg(windows)]
    pub(crate) async fn interrupt(self) -> Done {
        nearcall::process::terminate_group(self.child.id().unwrap()).unwrap();
        self.end().await
    }
}

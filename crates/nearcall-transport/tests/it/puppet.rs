//! A process that does what a test tells it, line by line: this test program again, in the role below.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use nearcall_transport::{Address, Connection, ListenOptions, Listener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What an answer begins with, among the lines of the test runner.
const ANSWER: &str = "> ";

/// A process in the role, killed when it is dropped.
pub(crate) struct Puppet {
    pub(crate) child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Puppet {
    pub(crate) fn new(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    pub(crate) fn with(name: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let mut command = command(name);
        prepare(&mut command);
        Self::spawn(command)
    }

    /// Has another program run it: the words, and then the command.
    #[cfg(target_os = "linux")]
    pub(crate) fn within(name: &str, words: &[&str]) -> Self {
        let inner = command(name);
        let mut outer = Command::new(words[0]);
        outer
            .args(&words[1..])
            .arg(inner.get_program())
            .args(inner.get_args())
            .env("PUPPET_NAME", name);
        Self::spawn(outer)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            stdin,
            stdout,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap();
    }

    pub(crate) fn answer(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(
                self.stdout.read_line(&mut line).unwrap(),
                0,
                "the process ended without an answer"
            );
            // The runner writes the name of the test without ending the line.
            if let Some(at) = line.find(ANSWER) {
                return line[at + ANSWER.len()..].trim_end().to_owned();
            }
        }
    }

    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.tell(line);
        self.answer()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Puppet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command of a process in the role, whose listeners have that name.
pub(crate) fn command(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "puppet::role", "--nocapture"])
        .env("PUPPET_NAME", name);
    command
}

/// The role of processes that other tests start; by itself it does nothing.
#[test]
fn role() {
    let Ok(name) = std::env::var("PUPPET_NAME") else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut listener = None;
        for line in std::io::stdin().lines() {
            let answer = obey(&line.unwrap(), &name, &mut listener).await;
            // Written past the runner, which would capture it when run without `--nocapture`.
            writeln!(std::io::stdout(), "{ANSWER}{answer}").unwrap();
        }
    });
}

async fn obey(line: &str, name: &str, listener: &mut Option<Listener>) -> String {
    let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
    match verb {
        "bind" => {
            let options = ListenOptions {
                owner: name.to_owned(),
                ..ListenOptions::default()
            };
            let address: Address = argument.parse().unwrap();
            match Listener::bind(&address, &options).await {
                Ok(bound) => format!("listening {}", listener.insert(bound).address()),
                Err(error) => format!("error {}", with_sources(&error)),
            }
        }
        "drop" => {
            *listener = None;
            "dropped".to_owned()
        }
        "connect" => match Connection::connect(&argument.parse().unwrap()).await {
            Ok(mut connection) => {
                let mut answer = String::new();
                // A peer that hangs up at once is heard too: as nothing.
                let _ = connection.write_all(b"hello").await;
                let _ = connection.read_to_string(&mut answer).await;
                format!("heard {answer:?} from {}", connection.peer())
            }
            Err(error) => format!("error {}", with_sources(&error)),
        },
        "inherit" => inherit().await,
        #[cfg(windows)]
        "greet" => {
            let mut connection = listener.as_mut().unwrap().accept().await.unwrap();
            let mut heard = [0; 5];
            connection.read_exact(&mut heard).await.unwrap();
            connection.write_all(b"good day").await.unwrap();
            format!(
                "{} said {}",
                connection.peer(),
                String::from_utf8_lossy(&heard)
            )
        }
        #[cfg(unix)]
        "starve" => starve(listener.as_mut().unwrap()).await,
        other => panic!("no such verb: {other}"),
    }
}

/// Serves the inherited connection with an echo, and tells what else there is to inherit.
async fn inherit() -> String {
    let number: u32 = std::env::var("NEARCALL_INHERIT").unwrap().parse().unwrap();
    let mut listener = Listener::bind(&"inherit:".parse().unwrap(), &ListenOptions::default())
        .await
        .unwrap();
    let mut connection = listener.accept().await.unwrap();
    let (mut reader, mut writer) = tokio::io::split(&mut connection);
    tokio::io::copy(&mut reader, &mut writer).await.unwrap();
    let variable = std::env::var_os("NEARCALL_INHERIT");
    let again = Connection::connect(&Address::Inherit(Some(number)))
        .await
        .unwrap_err();
    let by_variable = Connection::connect(&Address::Inherit(None))
        .await
        .unwrap_err();
    let next = tokio::time::timeout(std::time::Duration::from_millis(20), listener.accept()).await;
    format!(
        "{} variable={variable:?} again=[{}] by variable=[{}] next={}",
        connection.peer(),
        with_sources(&again),
        with_sources(&by_variable),
        if next.is_err() { "pending" } else { "came" }
    )
}

/// Accepts with no descriptor left, and again once there is one.
#[cfg(unix)]
async fn starve(listener: &mut Listener) -> String {
    let limit = rustix::process::Rlimit {
        current: Some(64),
        maximum: Some(64),
    };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).unwrap();
    let mut files = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        files.push(file);
    }
    let starved =
        tokio::time::timeout(std::time::Duration::from_millis(300), listener.accept()).await;
    drop(files);
    let fed = listener.accept().await;
    format!(
        "starved: {}, fed: {}",
        if starved.is_err() { "waits" } else { "ends" },
        fed.is_ok()
    )
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |source| source.source());
    sources.fold(error.to_string(), |text, source| {
        format!("{text}: {source}")
    })
}

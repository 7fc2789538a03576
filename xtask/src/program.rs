//! Running a program under a time limit, with its output kept in files.
//!
//! Files rather than pipes, because a program may leave a process behind that holds a pipe open for ever.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// A program with its arguments, ready to run.
#[derive(Debug)]
pub(crate) struct Program {
    command: Command,
    shown: String,
    log: PathBuf,
    deadline: Instant,
    progress: bool,
}

/// What a program left when it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    shown: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    /// Runs `program` in `folder`; its output goes to `<log>.out` and `<log>.err`, and it is ended at `deadline`.
    pub(crate) fn new(
        program: impl AsRef<OsStr>,
        folder: &Path,
        log: PathBuf,
        deadline: Instant,
    ) -> Self {
        let program = program.as_ref();
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        Self {
            shown: program.to_string_lossy().into_owned(),
            command,
            log,
            deadline,
            progress: false,
        }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.shown.push(' ');
        self.shown.push_str(&arg.as_ref().to_string_lossy());
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<I: IntoIterator<Item: AsRef<OsStr>>>(self, args: I) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    pub(crate) fn env_remove(mut self, key: &str) -> Self {
        self.command.env_remove(key);
        self
    }

    pub(crate) fn envs(mut self, vars: &[(&'static str, OsString)]) -> Self {
        self.command
            .envs(vars.iter().map(|(key, value)| (key, value)));
        self
    }

    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Shows the program's standard error as it comes, instead of keeping it.
    pub(crate) fn showing_progress(mut self) -> Self {
        self.progress = true;
        self
    }

    /// Ends the program after `limit` already, where its deadline is later.
    pub(crate) fn at_most(mut self, limit: Duration) -> Self {
        self.deadline = self.deadline.min(Instant::now() + limit);
        self
    }

    /// Starts the program and leaves it running.
    pub(crate) fn start(&mut self) -> anyhow::Result<Child> {
        let out = File::create(self.log.with_extension("out"))?;
        self.command.stdout(out);
        if self.progress {
            self.command.stderr(Stdio::inherit());
        } else {
            self.command
                .stderr(File::create(self.log.with_extension("err"))?);
        }
        self.command
            .spawn()
            .with_context(|| format!("starting `{}`", self.shown))
    }

    /// Runs the program to its end.
    pub(crate) fn run(mut self) -> anyhow::Result<Ended> {
        let child = self.start()?;
        let status = wait(child, self.deadline)?;
        let Some(status) = status else {
            bail!(
                "`{}` was still running at the time limit and was ended{}",
                self.shown,
                self.written()
            );
        };
        let (stdout, stderr) = (self.read("out"), self.read("err"));
        Ok(Ended {
            shown: self.shown,
            status,
            stdout,
            stderr,
        })
    }

    /// Runs the program to its end, which must be a success.
    pub(crate) fn succeed(self) -> anyhow::Result<Ended> {
        let ended = self.run()?;
        if !ended.status.success() {
            bail!("{}", ended.in_full());
        }
        Ok(ended)
    }

    /// What the program has written so far.
    pub(crate) fn written(&self) -> String {
        outputs(&self.read("out"), &self.read("err"))
    }

    fn read(&self, extension: &str) -> String {
        let bytes = fs::read(self.log.with_extension(extension)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Ended {
    /// The command line, how it ended and everything it wrote.
    pub(crate) fn in_full(&self) -> String {
        let outputs = outputs(&self.stdout, &self.stderr);
        format!("`{}` ended with {}{outputs}", self.shown, self.status)
    }
}

fn outputs(stdout: &str, stderr: &str) -> String {
    let mut text = String::new();
    for (name, output) in [("standard output", stdout), ("standard error", stderr)] {
        if !output.trim().is_empty() {
            text.push_str("\n--- ");
            text.push_str(name);
            text.push('\n');
            text.push_str(output.trim_end());
        }
    }
    text
}

/// Waits for `child` until `deadline`; then it and every process it started are killed, and the answer is `None`.
pub(crate) fn wait(mut child: Child, deadline: Instant) -> anyhow::Result<Option<ExitStatus>> {
    let id = child.id();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait()));
    let left = deadline.saturating_duration_since(Instant::now());
    match receiver.recv_timeout(left) {
        Ok(status) => Ok(Some(status?)),
        Err(mpsc::RecvTimeoutError::Timeout) => {
            // Still our child and not yet waited for, so the number cannot have passed to another process.
            end_family(id);
            receiver.recv_timeout(KILL_LIMIT).ok();
            Ok(None)
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => bail!("the thread that waited for {id} ended"),
    }
}

/// Limit: how long a killed process may take to be gone.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// Kills process `id` and every process under it.
#[cfg(unix)]
pub(crate) fn end_family(id: u32) {
    use rustix::process::{Pid, Signal, kill_process};

    for id in family::of(id) {
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended by itself in between.
            kill_process(pid, Signal::KILL).ok();
        }
    }
}

/// Kills process `id`; what it started is left to the system.
#[cfg(not(unix))]
pub(crate) fn end_family(id: u32) {
    Command::new("taskkill")
        .args(["/T", "/F", "/PID", &id.to_string()])
        .status()
        .ok();
}

/// Who started whom, as `/proc` has it; elsewhere a process has no known children.
#[cfg(unix)]
mod family {
    use std::collections::HashMap;
    use std::fs;

    /// `id` and its descendants, parents first.
    pub(super) fn of(id: u32) -> Vec<u32> {
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Ok(child) = entry.file_name().to_string_lossy().parse() else {
                continue;
            };
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            if let Some(parent) = parent(&stat) {
                children.entry(parent).or_default().push(child);
            }
        }
        let mut all = vec![id];
        let mut next = 0;
        while let Some(parent) = all.get(next) {
            all.extend(children.remove(parent).unwrap_or_default());
            next += 1;
        }
        all
    }

    /// The fourth field of `/proc/<pid>/stat` (proc_pid_stat(5)); the second is a name in brackets that may hold
    /// anything, brackets included.
    pub(super) fn parent(stat: &str) -> Option<u32> {
        let (_, after_name) = stat.rsplit_once(')')?;
        after_name.split_whitespace().nth(1)?.parse().ok()
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> (tempfile::TempDir, Program) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let program = Program::new("sh", folder.path(), log, Instant::now() + limit);
        (folder, program.args(["-c", script]))
    }

    #[test]
    fn output_and_status_are_kept() {
        let (_folder, program) = sh("echo out; echo err >&2; exit 3", Duration::from_secs(20));
        let ended = program.run().unwrap();
        assert_eq!(ended.status.code(), Some(3));
        assert_eq!(ended.stdout, "out\n");
        assert_eq!(ended.stderr, "err\n");
    }

    #[test]
    fn a_failure_is_shown_in_full() {
        let (_folder, program) = sh("echo out; echo err >&2; exit 3", Duration::from_secs(20));
        let error = program.succeed().unwrap_err().to_string();
        for part in ["sh -c", "exit status: 3", "out", "err"] {
            assert!(error.contains(part), "{part:?} should be in {error}");
        }
    }

    #[test]
    fn the_limit_ends_the_whole_family() {
        let (folder, program) = sh(
            "sleep 300 & echo $! >child; wait",
            Duration::from_millis(500),
        );
        let error = program.run().unwrap_err().to_string();
        assert!(error.contains("time limit"), "{error}");
        let child = fs::read_to_string(folder.path().join("child")).unwrap();
        let stat = format!("/proc/{}/stat", child.trim());
        let bound = Instant::now() + Duration::from_secs(10);
        // Killed, it is a zombie until whoever inherited it has waited for it.
        while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            assert!(Instant::now() < bound, "the child outlived the limit");
            thread::yield_now();
        }
    }

    #[test]
    fn the_parent_is_found_behind_any_name() {
        let check = |stat, expected| assert_eq!(family::parent(stat), expected, "{stat}");
        check("12 (sh) S 7 12 12 0", Some(7));
        check("12 (a) b (c) R 9 12", Some(9));
        check("", None);
        check("12 (sh) S", None);
    }
}

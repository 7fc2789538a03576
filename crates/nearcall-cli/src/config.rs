//! `nearcall.toml`: which services there are and how to run them.
//!
//! The file is read once, checked whole, and becomes a [`Config`] that cannot be wrong: every name obeys the grammar,
//! every `after` names a service, nothing waits in a circle. What is wrong is told with its line.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, io};

use serde::Deserialize;
use toml::Spanned;

use crate::names::{ServiceName, World};
use crate::supervise::{CycleError, Plan, Spec};

/// The name of the file.
pub(crate) const FILE_NAME: &str = "nearcall.toml";

/// How long a service may take to end when the file does not say.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The name under which the supervisor itself is registered; no service may have it.
pub(crate) const SUPERVISOR_NAME: &str = "supervisor";

/// A checked `nearcall.toml`.
#[derive(Debug)]
pub(crate) struct Config {
    /// The file, absolute.
    pub(crate) path: PathBuf,
    /// The world it names, if any.
    pub(crate) world: Option<World>,
    /// The services in the order of their start.
    pub(crate) plan: Plan,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The search upward found nothing.
    #[error("no {FILE_NAME} in {} or a folder above it", .0.display())]
    NotFound(PathBuf),
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The file is not TOML, or not of this form. The message of the parser shows the line.
    #[error("{} is not as it should be\n{message}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// The line, where in it, and what was expected.
        message: String,
    },
    /// A value is of the right form and cannot be.
    #[error("{}:{line}: {message}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What was expected, what was found, what to do.
        message: String,
    },
    /// Services wait for each other.
    #[error("{}", path.display())]
    Cycle {
        /// The file.
        path: PathBuf,
        /// The circle.
        source: CycleError,
    },
}

impl Config {
    /// Reads `file`, or the first `nearcall.toml` going upward from the current folder.
    ///
    /// # Errors
    /// When there is none, or it is not as it should be.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let path = match file {
            Some(file) => std::path::absolute(file).map_err(|source| ConfigError::Read {
                path: file.to_owned(),
                source,
            })?,
            None => find()?,
        };
        let text = fs::read_to_string(&path).map_err(|source| ConfigError::Read {
            path: path.clone(),
            source,
        })?;
        Self::parse(&path, &text)
    }

    /// Checks the text of the file at `path`, whose folder is where relative paths start.
    ///
    /// # Errors
    /// When the text is not as it should be.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let file: FileText = toml::from_str(text).map_err(|error| ConfigError::Form {
            path: path.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        let check = Check { path, text };
        let world = file.world.map(|world| check.world(&world)).transpose()?;
        let known: Vec<&str> = file
            .services
            .keys()
            .map(|name| name.get_ref().as_str())
            .collect();
        let specs = file
            .services
            .iter()
            .map(|(name, service)| check.service(name, service, &known))
            .collect::<Result<_, _>>()?;
        let plan = Plan::new(specs).map_err(|source| ConfigError::Cycle {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            world,
            plan,
        })
    }
}

fn find() -> Result<PathBuf, ConfigError> {
    let start = env::current_dir().map_err(|source| ConfigError::Read {
        path: ".".into(),
        source,
    })?;
    start
        .ancestors()
        .map(|folder| folder.join(FILE_NAME))
        .find(|path| path.is_file())
        .ok_or_else(|| ConfigError::NotFound(start.clone()))
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    world: Option<Spanned<String>>,
    #[serde(default)]
    services: BTreeMap<Spanned<String>, ServiceText>,
}

/// A service as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceText {
    build: Option<Spanned<Vec<String>>>,
    run: Spanned<Vec<String>>,
    #[serde(default)]
    after: Vec<Spanned<String>>,
    #[serde(default)]
    env: BTreeMap<Spanned<String>, String>,
    #[serde(default)]
    dir: PathBuf,
    #[serde(default)]
    health: String,
    stop_timeout: Option<Spanned<String>>,
}

/// What it takes to say where something is wrong.
struct Check<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Check<'_> {
    fn wrong(&self, at: Range<usize>, message: String) -> ConfigError {
        let before = self.text.get(..at.start).unwrap_or_default();
        ConfigError::Value {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            message,
        }
    }

    fn world(&self, world: &Spanned<String>) -> Result<World, ConfigError> {
        let parsed = world.get_ref().parse::<World>();
        parsed.map_err(|error| self.wrong(world.span(), error.to_string()))
    }

    fn name(&self, name: &Spanned<String>) -> Result<ServiceName, ConfigError> {
        let parsed = name.get_ref().parse::<ServiceName>();
        parsed.map_err(|error| self.wrong(name.span(), error.to_string()))
    }

    fn service(
        &self,
        name: &Spanned<String>,
        service: &ServiceText,
        known: &[&str],
    ) -> Result<Spec, ConfigError> {
        if name.get_ref() == SUPERVISOR_NAME {
            let message = format!(
                "the name `{SUPERVISOR_NAME}` is taken by nearcall itself; use another one"
            );
            return Err(self.wrong(name.span(), message));
        }
        self.command(name, "run", &service.run)?;
        if let Some(build) = &service.build {
            self.command(name, "build", build)?;
        }
        for after in &service.after {
            if !known.contains(&after.get_ref().as_str()) {
                let message = format!(
                    "`{name}` comes after `{after}`, which is not a service of this file; there are: {}",
                    known.join(", "),
                    name = name.get_ref(),
                    after = after.get_ref(),
                );
                return Err(self.wrong(after.span(), message));
            }
        }
        for key in service.env.keys() {
            if key.get_ref().is_empty() || key.get_ref().contains(['=', '\0']) {
                let message = format!("{:?} cannot be the name of a variable", key.get_ref());
                return Err(self.wrong(key.span(), message));
            }
            if key.get_ref() == "NEARCALL_WORLD" {
                let message = "NEARCALL_WORLD is set by `up`; name the world at the top of the file, or use --world";
                return Err(self.wrong(key.span(), message.to_owned()));
            }
        }
        Ok(Spec {
            name: self.name(name)?,
            build: service.build.as_ref().map(|build| build.get_ref().clone()),
            run: service.run.get_ref().clone(),
            dir: self
                .path
                .parent()
                .unwrap_or(Path::new("/"))
                .join(&service.dir),
            env: service
                .env
                .iter()
                .map(|(key, value)| (key.get_ref().clone(), value.clone()))
                .collect(),
            after: service
                .after
                .iter()
                .map(|after| self.name(after))
                .collect::<Result<_, _>>()?,
            health: service.health.clone(),
            stop_timeout: self.stop_timeout(service.stop_timeout.as_ref())?,
        })
    }

    fn command(
        &self,
        name: &Spanned<String>,
        key: &str,
        command: &Spanned<Vec<String>>,
    ) -> Result<(), ConfigError> {
        if command
            .get_ref()
            .first()
            .is_some_and(|program| !program.is_empty())
        {
            return Ok(());
        }
        let message = format!(
            "`{key}` of `{}` names no program; write it as a list, like [\"target/release/x\", \"--flag\"]",
            name.get_ref()
        );
        Err(self.wrong(command.span(), message))
    }

    fn stop_timeout(&self, text: Option<&Spanned<String>>) -> Result<Duration, ConfigError> {
        let Some(text) = text else {
            return Ok(STOP_TIMEOUT);
        };
        humantime::parse_duration(text.get_ref()).map_err(|error| {
            let message = format!(
                "`stop_timeout` is a time such as \"10s\" or \"500ms\", not {:?}: {error}",
                text.get_ref()
            );
            self.wrong(text.span(), message)
        })
    }
}

#[cfg(test)]
mod tests;

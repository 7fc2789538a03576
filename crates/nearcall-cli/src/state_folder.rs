//! Where logs are kept: `$XDG_STATE_HOME/nearcall/<world>`, `~/.local/state/nearcall/<world>` when that is not set.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use crate::config::SUPERVISOR_NAME;
use crate::names::{ServiceName, World};

/// The folder of one world, which only its owner can look into.
#[derive(Debug, Clone)]
pub(crate) struct StateFolder {
    path: PathBuf,
}

/// Why there is no folder for logs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateFolderError {
    /// Neither variable says where.
    #[error(
        "neither XDG_STATE_HOME nor HOME names an absolute folder to keep logs in; set one of them"
    )]
    Nowhere,
    /// The folder cannot be made.
    #[error("cannot make {}, where logs are kept", path.display())]
    Make {
        /// The folder.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
}

impl StateFolder {
    /// Where the folder of `world` is, whether or not it exists.
    ///
    /// # Errors
    /// When the environment does not say where.
    pub(crate) fn of(world: &World) -> Result<Self, StateFolderError> {
        let path = home()?.join("nearcall").join(world.as_str());
        Ok(Self { path })
    }

    /// Makes the folder, with mode 0700.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(crate) fn make(&self) -> Result<(), StateFolderError> {
        make(&self.path).map_err(|source| StateFolderError::Make {
            path: self.path.clone(),
            source,
        })
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The log of a service.
    pub(crate) fn log(&self, name: &ServiceName) -> PathBuf {
        self.path.join(format!("{name}.log"))
    }

    /// The services that have a log here, by name.
    ///
    /// # Errors
    /// When the folder exists and cannot be read.
    pub(crate) fn logged(&self) -> io::Result<Vec<ServiceName>> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let file = entry?.file_name();
            let name = file.to_str().and_then(|file| file.strip_suffix(".log"));
            // The supervisor's own output lies beside the logs of services and is not one.
            let name = name.filter(|name| *name != SUPERVISOR_NAME);
            names.extend(name.and_then(|name| name.parse::<ServiceName>().ok()));
        }
        names.sort();
        Ok(names)
    }

    /// Removes the folder and all logs in it. A folder that is not there is removed already.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn home() -> Result<PathBuf, StateFolderError> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_STATE_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local/state")))
        .ok_or(StateFolderError::Nowhere)
}

#[cfg(unix)]
fn make(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};

    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)?;
    // It may have been there before, with other rights.
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

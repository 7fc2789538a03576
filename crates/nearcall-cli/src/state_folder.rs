//! Where logs are kept: `$XDG_STATE_HOME/nearcall/<world>`, `~/.local/state/nearcall/<world>` when that is not set;
//! `%LOCALAPPDATA%\nearcall-logs\<world>` on Windows.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::config::SUPERVISOR_NAME;
use crate::imp;
use crate::names::{ServiceName, World};

/// The folder of one world, which only its owner can look into.
#[derive(Debug, Clone)]
pub(crate) struct StateFolder {
    path: PathBuf,
}

/// Why there is no folder for logs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateFolderError {
    /// No variable says where.
    #[error(
        "expected {} to name an absolute folder to keep logs in, found none; set it",
        imp::STATE_VARIABLES
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
        let home = imp::state_home().ok_or(StateFolderError::Nowhere)?;
        let path = home.join(world.as_str());
        Ok(Self { path })
    }

    /// Makes the folder, for this user alone.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(crate) fn make(&self) -> Result<(), StateFolderError> {
        imp::make_private(&self.path).map_err(|source| StateFolderError::Make {
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

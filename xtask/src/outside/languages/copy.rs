//! A copy of what the examples need, as a clean checkout has it, in which they are built.

use std::fs;
use std::path::{Path, PathBuf};

use crate::check::{GIT_ANY_OWNER, Session};

/// The folders that the examples and the frame readers need of a checkout.
const FOLDERS: [&str; 4] = ["examples", "proto", "sdk", "testdata/frames"];

/// The copy; what was built in it before is still there.
#[derive(Debug)]
pub(in crate::outside) struct Copy {
    root: PathBuf,
}

impl Copy {
    /// Brings the copy up to date with what git knows or would add.
    pub(in crate::outside) fn of(session: &Session<'_>) -> anyhow::Result<Self> {
        let root = session.target().join("languages");
        let listed = session
            .program("git")?
            .args(GIT_ANY_OWNER)
            .args(["ls-files", "-z", "--cached", "--others"])
            .args(["--exclude-standard", "--"])
            .args(FOLDERS)
            .succeed()?;
        for path in listed.stdout.split('\0').filter(|path| !path.is_empty()) {
            // A file may be deleted and not yet committed.
            if session.root.join(path).is_file() {
                refresh(&session.root.join(path), &root.join(path))?;
            }
        }
        Ok(Self { root })
    }

    pub(in crate::outside) fn folder(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

/// Copies a file that differs; one that does not keeps its time, so that nothing is built again for it.
fn refresh(from: &Path, to: &Path) -> anyhow::Result<()> {
    let wanted = fs::read(from)?;
    if fs::read(to).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(to, wanted)?;
    Ok(())
}

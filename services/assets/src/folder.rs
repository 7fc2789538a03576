//! The folder of assets, which nothing leads out of: the kernel looks at each step of a path, see `openat2(2)`.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::asset::{AssetPath, Format, LoadError};
use crate::limits::{DEPTH_MAX, FILE_BYTES_MAX, FILES_MAX, STEP_BYTES};

/// An open folder. It stays what it is, whatever becomes of its path.
#[derive(Debug)]
pub(crate) struct Folder(OwnedFd);

/// A file that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) path: AssetPath,
    pub(crate) format: Format,
    pub(crate) bytes: u64,
}

/// What there is.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) entries: Vec<Entry>,
    pub(crate) truncated: bool,
}

impl Folder {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::open(path, flags, Mode::empty())?))
    }

    /// Opens what is at a path within, as long as no step of it leads out or is a symbolic link.
    fn at(&self, path: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd, LoadError> {
        let within =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        rustix::fs::openat2(&self.0, path, flags | OFlags::CLOEXEC, mode, within).map_err(unopened)
    }

    /// Opens a file for reading, and says how many bytes it has.
    pub(crate) fn file(&self, path: &AssetPath) -> Result<(File, u64), LoadError> {
        // Not to wait for who writes into a pipe, before it is known that it is one.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let file = File::from(self.at(path.as_str(), flags, Mode::empty())?);
        let facts = file.metadata().map_err(unread)?;
        if !facts.is_file() {
            return Err(LoadError::NotFound);
        }
        LoadError::unless("a file", facts.len(), FILE_BYTES_MAX)?;
        Ok((file, facts.len()))
    }

    /// Reads a file, telling how far it is after each step. It may have grown since, which counts as damage.
    pub(crate) fn read(
        &self,
        path: &AssetPath,
        mut tell: impl FnMut(u64, u64),
    ) -> Result<Vec<u8>, LoadError> {
        let (mut file, total) = self.file(path)?;
        let mut bytes = Vec::with_capacity(usize::try_from(total).unwrap_or(0));
        loop {
            tell(bytes.len() as u64, total);
            let left = total - bytes.len() as u64;
            let mut step = (&mut file).take(left.min(STEP_BYTES as u64));
            let read = step.read_to_end(&mut bytes).map_err(unread)?;
            if left == 0 || read == 0 {
                break;
            }
        }
        if bytes.len() as u64 != total {
            return Err(LoadError::Corrupt("it became shorter".to_owned()));
        }
        Ok(bytes)
    }

    /// The assets in a folder within, or in all, by path. Symbolic links are left out.
    pub(crate) fn list(&self, within: Option<&AssetPath>) -> Result<Listed, LoadError> {
        let start = within.map_or(String::new(), |path| format!("{}/", path.as_str()));
        let mut listed = Listed {
            entries: Vec::new(),
            truncated: false,
        };
        self.walk(&start, 0, &mut listed)?;
        listed
            .entries
            .sort_by(|one, other| one.path.cmp(&other.path));
        Ok(listed)
    }

    fn walk(&self, prefix: &str, depth: usize, listed: &mut Listed) -> Result<(), LoadError> {
        let here = if prefix.is_empty() { "." } else { prefix };
        let folder = self.at(here, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
        let mut folders = Vec::new();
        for entry in Dir::read_from(&folder).map_err(unopened)? {
            let entry = entry.map_err(unopened)?;
            // What is no text cannot be told, nor asked for.
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            let path = format!("{prefix}{name}");
            let Ok(path) = AssetPath::new(&path) else {
                continue;
            };
            // Some file systems do not say it here.
            let kind = match entry.file_type() {
                FileType::Unknown => self.kind(&path),
                known => known,
            };
            match (kind, Format::of(name)) {
                (FileType::Directory, _) if depth < DEPTH_MAX => folders.push(path),
                (FileType::Directory, _) => listed.truncated = true,
                (FileType::RegularFile, Some(format)) => {
                    if listed.entries.len() == FILES_MAX {
                        listed.truncated = true;
                        return Ok(());
                    }
                    let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
                    let facts = rustix::fs::statat(&folder, name, flags).map_err(unopened)?;
                    let bytes = u64::try_from(facts.st_size).unwrap_or(0);
                    listed.entries.push(Entry {
                        path,
                        format,
                        bytes,
                    });
                }
                _ => {}
            }
        }
        folders.sort();
        for path in folders {
            self.walk(&format!("{}/", path.as_str()), depth + 1, listed)?;
        }
        Ok(())
    }

    fn kind(&self, path: &AssetPath) -> FileType {
        let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
        let facts = rustix::fs::statat(&self.0, path.as_str(), flags);
        facts.map_or(FileType::Unknown, |facts| {
            FileType::from_raw_mode(facts.st_mode)
        })
    }

    /// Writes a file, whole or not at all: another name first, then its own. Answers whether it did, or found one there
    /// that may not be replaced.
    pub(crate) fn store(
        &self,
        path: &AssetPath,
        bytes: &[u8],
        replace: bool,
    ) -> Result<bool, LoadError> {
        let (folder, name) = path
            .as_str()
            .rsplit_once('/')
            .unwrap_or((".", path.as_str()));
        let mut made = String::new();
        for part in folder.split('/').filter(|part| *part != ".") {
            let parent = if made.is_empty() { "." } else { &made };
            let parent = self.at(parent, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
            match rustix::fs::mkdirat(&parent, part, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(unopened(errno)),
            }
            if !made.is_empty() {
                made.push('/');
            }
            made.push_str(part);
        }
        let folder = self.at(folder, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
        // No asset: it is not listed, should it be left behind.
        let fresh = format!(".{name}.{}.part", std::process::id());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW;
        let mode = Mode::from_raw_mode(0o644);
        let file = rustix::fs::openat(&folder, &fresh[..], flags | OFlags::CLOEXEC, mode);
        let mut file = File::from(file.map_err(unopened)?);
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        let flags = if replace {
            rustix::fs::RenameFlags::empty()
        } else {
            rustix::fs::RenameFlags::NOREPLACE
        };
        let moved = written
            .map_err(unread)
            .map(|()| rustix::fs::renameat_with(&folder, &fresh[..], &folder, name, flags));
        match moved {
            Ok(Ok(())) => Ok(true),
            other => {
                let _ = rustix::fs::unlinkat(&folder, &fresh[..], rustix::fs::AtFlags::empty());
                match other? {
                    Err(Errno::EXIST) => Ok(false),
                    errno => errno.map(|()| true).map_err(unopened),
                }
            }
        }
    }
}

fn unread(error: impl Into<io::Error>) -> LoadError {
    let error = error.into();
    LoadError::Unreadable(error.to_string())
}

fn unopened(errno: Errno) -> LoadError {
    match errno {
        // What the kernel answers where a step is a link or leads out.
        Errno::LOOP | Errno::XDEV => LoadError::Outside,
        Errno::NOENT | Errno::NOTDIR | Errno::ISDIR | Errno::NAMETOOLONG => LoadError::NotFound,
        _ => unread(errno),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn path(text: &str) -> AssetPath {
        AssetPath::new(text).unwrap()
    }

    fn folder() -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("root");
        std::fs::create_dir_all(root.join("in/deep")).unwrap();
        std::fs::write(place.path().join("secret.png"), "outside").unwrap();
        std::fs::write(root.join("a.png"), "inside").unwrap();
        std::fs::write(root.join("in/deep/b.wav"), "b").unwrap();
        std::fs::write(root.join("notes.txt"), "no asset").unwrap();
        symlink(place.path(), root.join("out")).unwrap();
        symlink("a.png", root.join("link.png")).unwrap();
        let folder = Folder::open(&root).unwrap();
        (place, folder)
    }

    #[test]
    fn files_are_read_and_links_are_not_followed() {
        let (_place, folder) = folder();
        let check = |text: &str, expected: Result<&[u8], LoadError>| {
            let found = folder.read(&path(text), |_, _| {});
            assert_eq!(found.as_deref(), expected.as_deref(), "{text}");
        };
        check("a.png", Ok(b"inside"));
        check("in/deep/b.wav", Ok(b"b"));
        check("link.png", Err(LoadError::Outside));
        check("out/secret.png", Err(LoadError::Outside));
        check("none.png", Err(LoadError::NotFound));
        check("in", Err(LoadError::NotFound));
    }

    #[test]
    fn what_is_listed_are_assets_within() {
        let (_place, folder) = folder();
        let names = |within: Option<&AssetPath>| -> Vec<String> {
            let listed = folder.list(within).unwrap();
            assert!(!listed.truncated);
            let entries = listed.entries.iter();
            entries
                .map(|entry| entry.path.as_str().to_owned())
                .collect()
        };
        assert_eq!(names(None), ["a.png", "in/deep/b.wav"]);
        assert_eq!(names(Some(&path("in"))), ["in/deep/b.wav"]);
        let outside = folder.list(Some(&path("out"))).map(drop);
        assert_eq!(outside, Err(LoadError::Outside));
    }

    #[test]
    fn what_is_kept_is_whole_and_within() {
        let (place, folder) = folder();
        let check = |text: &str, replace, expected| {
            let found = folder.store(&path(text), b"kept", replace);
            assert_eq!(found, expected, "{text}");
        };
        check("new/folder/c.png", false, Ok(true));
        check("new/folder/c.png", false, Ok(false));
        check("a.png", true, Ok(true));
        check("out/secret.png", true, Err(LoadError::Outside));
        check("out/more/secret.png", true, Err(LoadError::Outside));
        let read = |name: &str| std::fs::read(place.path().join(name)).unwrap();
        assert_eq!(read("root/new/folder/c.png"), b"kept");
        assert_eq!(read("root/a.png"), b"kept");
        assert_eq!(read("secret.png"), b"outside");
        let names = std::fs::read_dir(place.path().join("root/new/folder")).unwrap();
        assert_eq!(names.count(), 1, "nothing is left beside");
    }
}

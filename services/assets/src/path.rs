//! Where an asset is in its folder, as far as the letters of a path say.

#[cfg(any(windows, test))]
mod windows;

use crate::asset::LoadError;
use crate::limits::PATH_BYTES_MAX;

/// A path within the folder of assets: relative, without `..`, its parts joined by `/` on every system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AssetPath(String);

impl AssetPath {
    pub(crate) fn new(path: &str) -> Result<Self, LoadError> {
        LoadError::unless("a path", path.len(), PATH_BYTES_MAX)?;
        let is_part = |part: &str| !matches!(part, "" | "." | "..");
        let leads_out = path.starts_with('/') || path.split('/').any(|part| part == "..");
        if leads_out {
            return Err(LoadError::Outside);
        }
        if path.contains('\0') || !path.split('/').all(is_part) {
            return Err(LoadError::NotFound);
        }
        #[cfg(windows)]
        windows::check_path(path)?;
        Ok(Self(path.to_owned()))
    }

    /// What the path of another file says that stands in this one.
    pub(crate) fn beside(&self, name: &str) -> Result<Self, LoadError> {
        match self.split() {
            (Some(folder), _) => Self::new(&format!("{folder}/{name}")),
            (None, _) => Self::new(name),
        }
    }

    /// The folder within that it stands in, unless that is the folder of assets itself, and its name there.
    pub(crate) fn split(&self) -> (Option<&str>, &str) {
        match self.0.rsplit_once('/') {
            Some((folder, name)) => (Some(folder), name),
            None => (None, &self.0),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_within() {
        let check = |path: &str, expected: Result<(), LoadError>| {
            assert_eq!(AssetPath::new(path).map(drop), expected, "{path}");
        };
        check("a.png", Ok(()));
        check("a/b c/ä..png", Ok(()));
        for path in ["..", "../a.png", "a/../../b", "a/..", "/etc/passwd", "//a"] {
            check(path, Err(LoadError::Outside));
        }
        for path in ["", "a//b", "./a", "a/", "a\0b"] {
            check(path, Err(LoadError::NotFound));
        }
        let long = AssetPath::new(&"a".repeat(PATH_BYTES_MAX + 1));
        assert!(matches!(long, Err(LoadError::TooLarge { .. })));
        let model = AssetPath::new("models/a.gltf").unwrap();
        assert_eq!(model.beside("a.bin").unwrap().as_str(), "models/a.bin");
        assert_eq!(model.beside("../a.bin"), Err(LoadError::Outside));
    }

    #[test]
    fn each_system_has_its_own_letters() {
        let check = |path: &str, there: LoadError| {
            let expected = if cfg!(windows) { Err(there) } else { Ok(()) };
            assert_eq!(AssetPath::new(path).map(drop), expected, "{path}");
        };
        check("in\\a.png", LoadError::NotFound);
        check("..\\a.png", LoadError::Outside);
        check("C:a.png", LoadError::Outside);
        check("a.png:x", LoadError::NotFound);
        check("NUL.png", LoadError::NotFound);
    }
}

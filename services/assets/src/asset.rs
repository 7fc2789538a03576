//! What an asset is: its kind, its path, what is in it, and why it is not to be had.

use crate::limits::PATH_BYTES_MAX;

/// What a file's ending says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Png,
    Jpeg,
    Wav,
    Ogg,
    /// Both as text and in one piece.
    Gltf,
}

/// A path within the folder of assets, as far as its letters say: relative, and without `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AssetPath(String);

/// What was decoded.
#[derive(Debug, PartialEq)]
pub(crate) struct Asset {
    pub(crate) bytes: Vec<u8>,
    pub(crate) what: What,
}

/// What the bytes are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// Rows of red, green, blue and alpha.
    Texture {
        width: u32,
        height: u32,
    },
    Sound(Sound),
    Mesh(Shape),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sound {
    pub(crate) rate: u32,
    pub(crate) channels: u16,
    /// Whether samples are floating point, of 32 bits, and not whole numbers of 16.
    pub(crate) is_float: bool,
    pub(crate) moments: u32,
}

/// Vertices of 32 bytes, then indices of 4.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shape {
    pub(crate) vertices: u32,
    pub(crate) indices: u32,
    pub(crate) least: [f32; 3],
    pub(crate) most: [f32; 3],
}

/// Why a file is not loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("there is no such asset")]
    NotFound,
    #[error("it leads out of the folder of assets")]
    Outside,
    #[error("it is damaged, or not what its ending says: {0}")]
    Corrupt(String),
    #[error("{0} is not supported")]
    Unsupported(String),
    #[error("expected {what} of {most} at most, found {found}")]
    TooLarge {
        what: &'static str,
        most: u64,
        found: u64,
    },
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

impl LoadError {
    pub(crate) fn corrupt(error: impl std::fmt::Display) -> Self {
        Self::Corrupt(error.to_string())
    }

    /// Fine where no more was found than may be.
    pub(crate) fn unless(
        what: &'static str,
        found: impl TryInto<u64>,
        most: impl TryInto<u64>,
    ) -> Result<(), Self> {
        let found = found.try_into().unwrap_or(u64::MAX);
        let most = most.try_into().unwrap_or(u64::MAX);
        if found > most {
            return Err(Self::TooLarge { what, most, found });
        }
        Ok(())
    }
}

impl Format {
    /// What the ending of a name says; none where it is none of an asset.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        Some(match &ending.to_ascii_lowercase()[..] {
            "png" => Self::Png,
            "jpg" | "jpeg" => Self::Jpeg,
            "wav" => Self::Wav,
            "ogg" => Self::Ogg,
            "gltf" | "glb" => Self::Gltf,
            _ => return None,
        })
    }
}

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
        Ok(Self(path.to_owned()))
    }

    /// What the path of another file says that stands in this one.
    pub(crate) fn beside(&self, name: &str) -> Result<Self, LoadError> {
        match self.0.rsplit_once('/') {
            Some((folder, _)) => Self::new(&format!("{folder}/{name}")),
            None => Self::new(name),
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
    fn endings_say_the_format() {
        let check = |name, expected| assert_eq!(Format::of(name), expected, "{name}");
        check("a.png", Some(Format::Png));
        check("a.b.JPEG", Some(Format::Jpeg));
        check("a.glb", Some(Format::Gltf));
        check("png", None);
        check("a.exe", None);
    }

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
}

//! What an asset is: its kind, what is in it, and why it is not to be had.

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
}

//! Names of worlds and services, parsed once so that they cannot be wrong later.
//!
//! A name ends up in a path, in the name of a pipe and in the name of a variable; whatever could mean something else in
//! one of those (a slash, dots in a row, a NUL) is refused here, before it gets there.

use std::fmt;
use std::str::FromStr;

/// Limit: the longest label, in bytes, of a world, a service or an instance.
pub const LABEL_LEN_MAX: usize = 32;

/// The variable that says which world names without one are in.
pub const WORLD_VARIABLE: &str = "NEARCALL_WORLD";

/// The world of those who name none.
const WORLD_DEFAULT: &str = "default";

/// What a variable that re-points a service begins with.
const ADDRESS_VARIABLE_PREFIX: &str = "NEARCALL_ADDRESS_";

/// A world: services that belong together and know each other by name, as `arena`, or `arena.0` for one of several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct World(Labels);

/// A service by name: `arith`, `arith.1` for one instance of several, `arena/arith` in a world of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName {
    world: Option<World>,
    labels: Labels,
}

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing where a name should be.
    #[error("expected {part}, found nothing{}", within(text))]
    Empty {
        /// World, service or instance.
        part: Part,
        /// The whole text.
        text: String,
    },
    /// A label is too long.
    #[error("{part} {label:?} has {} bytes, and may have {LABEL_LEN_MAX}; shorten it", label.len())]
    TooLong {
        /// World, service or instance.
        part: Part,
        /// The label.
        label: String,
    },
    /// A byte that no name has.
    #[error("expected {part} as {}, found {found:?} in {label:?}", part.grammar())]
    Character {
        /// World, service or instance.
        part: Part,
        /// The label.
        label: String,
        /// The first character that does not belong.
        found: char,
    },
    /// More than one slash.
    #[error("expected `service` or `world/service`, found more than one `/` in {text:?}")]
    Slashes {
        /// The whole text.
        text: String,
    },
}

/// Why a world could not be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// The variable holds no name.
    #[error("{WORLD_VARIABLE} does not name a world")]
    Variable(#[source] NameError),
    /// The variable is not even text.
    #[error(
        "{WORLD_VARIABLE} holds bytes that are not UTF-8; set it to a name such as `arena`, or unset it"
    )]
    NotText,
}

/// What a label names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// A world.
    World,
    /// A service.
    Service,
    /// One of several worlds or services of a name.
    Instance,
}

impl World {
    /// The world that names without one are in: what `NEARCALL_WORLD` says, else `default`.
    ///
    /// # Errors
    ///
    /// The variable is set and does not name a world.
    pub fn from_env() -> Result<Self, WorldError> {
        match std::env::var(WORLD_VARIABLE) {
            Ok(text) if text.is_empty() => Ok(Self::default()),
            Ok(text) => text.parse().map_err(WorldError::Variable),
            Err(std::env::VarError::NotPresent) => Ok(Self::default()),
            Err(std::env::VarError::NotUnicode(_)) => Err(WorldError::NotText),
        }
    }

    /// The whole name, as `arena.0`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The name without the instance, as `arena`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// Which of several, as `0`.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        self.0.instance()
    }
}

impl Default for World {
    fn default() -> Self {
        Self(Labels {
            text: WORLD_DEFAULT.to_owned(),
            name_len: WORLD_DEFAULT.len(),
        })
    }
}

impl ServiceName {
    /// The world, if the name says one.
    #[must_use]
    pub const fn world(&self) -> Option<&World> {
        self.world.as_ref()
    }

    /// The same name in a world of the caller's choice.
    #[must_use]
    pub fn in_world(mut self, world: World) -> Self {
        self.world = Some(world);
        self
    }

    /// The service, as `arith`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.labels.name()
    }

    /// Which of several, as `1`.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        self.labels.instance()
    }

    /// Service and instance without the world, as `arith.1`: what its files are named by.
    #[must_use]
    pub fn local(&self) -> String {
        self.labels.text.clone()
    }

    /// The variable that re-points this name, as `NEARCALL_ADDRESS_ARITH_1`.
    ///
    /// `-` and `.` become `_`, so names that differ in nothing else share a variable; the world has no part in it.
    #[must_use]
    pub fn variable(&self) -> String {
        let name = self
            .labels
            .text
            .replace(['-', '.'], "_")
            .to_ascii_uppercase();
        format!("{ADDRESS_VARIABLE_PREFIX}{name}")
    }
}

impl FromStr for World {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Labels::parse(text, Part::World, text).map(Self)
    }
}

impl FromStr for ServiceName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let Some((world, service)) = text.split_once('/') else {
            return Ok(Self {
                world: None,
                labels: Labels::parse(text, Part::Service, text)?,
            });
        };
        if service.contains('/') {
            return Err(NameError::Slashes {
                text: text.to_owned(),
            });
        }
        let world = World(Labels::parse(world, Part::World, text)?);
        Ok(Self {
            world: Some(world),
            labels: Labels::parse(service, Part::Service, text)?,
        })
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(world) = &self.world {
            write!(f, "{world}/")?;
        }
        f.write_str(&self.labels.text)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::World => "the name of a world",
            Self::Service => "the name of a service",
            Self::Instance => "the name of an instance",
        })
    }
}

impl Part {
    const fn grammar(self) -> &'static str {
        match self {
            Self::World | Self::Service => "a letter a-z, then letters a-z, digits and `-`",
            Self::Instance => "a letter a-z or a digit, then letters a-z, digits and `-`",
        }
    }
}

/// A name and perhaps an instance: `text` is `name` or `name.instance`, both checked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Labels {
    text: String,
    name_len: usize,
}

impl Labels {
    fn parse(text: &str, part: Part, whole: &str) -> Result<Self, NameError> {
        let (name, instance) = match text.split_once('.') {
            Some((name, instance)) => (name, Some(instance)),
            None => (text, None),
        };
        check(name, part, whole)?;
        if let Some(instance) = instance {
            check(instance, Part::Instance, whole)?;
        }
        Ok(Self {
            text: text.to_owned(),
            name_len: name.len(),
        })
    }

    fn name(&self) -> &str {
        &self.text[..self.name_len]
    }

    fn instance(&self) -> Option<&str> {
        self.text.get(self.name_len + 1..)
    }
}

fn check(label: &str, part: Part, whole: &str) -> Result<(), NameError> {
    if label.is_empty() {
        return Err(NameError::Empty {
            part,
            text: whole.to_owned(),
        });
    }
    let belongs = |(place, character): (usize, char)| match character {
        'a'..='z' => true,
        '0'..='9' => place > 0 || part == Part::Instance,
        '-' => place > 0,
        _ => false,
    };
    if let Some((_, found)) = label.char_indices().find(|&at| !belongs(at)) {
        return Err(NameError::Character {
            part,
            label: label.to_owned(),
            found,
        });
    }
    if label.len() > LABEL_LEN_MAX {
        return Err(NameError::TooLong {
            part,
            label: label.to_owned(),
        });
    }
    Ok(())
}

fn within(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(" in {text:?}")
    }
}

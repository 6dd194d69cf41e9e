//! The sources of an inventory as `--inventory` and INVENTORY name them: files, folders, objects in S3, parameters.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::s3_uri::{BadS3Uri, S3Folder, S3Uri};

/// The most sources of an inventory.
const MOST_SOURCES: usize = 100;
/// SSM PutParameter, `Name`: a hierarchy has up to 15 levels, and a name with its ARN up to 1011 characters.
const MOST_LEVELS: usize = 15;
const LONGEST_PATH: usize = 1011;

/// One source of an inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InventorySource {
    /// A file, or a folder whose `*.yaml`, `*.yml` and `*.json` files are one inventory.
    Path(PathBuf),
    /// Standard input.
    StandardInput,
    /// A text, and the name that diagnostics give it.
    Text {
        /// The name.
        name: String,
        /// The text.
        text: String,
    },
    /// An object in S3: `s3://BUCKET/KEY`.
    Object(S3Uri),
    /// The objects below a prefix in S3, as a folder: `s3://BUCKET/PREFIX/`.
    Prefix(S3Folder),
    /// The parameters below a path of Parameter Store: `ssm:/PATH`.
    Parameters {
        /// The path, without `/` at its end.
        path: String,
    },
}

/// The sources of one inventory, at least one. The platform's file is in the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventorySources(pub(super) Vec<InventorySource>);

/// Why a text does not name the sources of an inventory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSource {
    /// Not an object or a prefix in S3.
    #[error("`{source_text}`: {problems}; write s3://BUCKET/KEY, or s3://BUCKET/PREFIX/ for all objects below it")]
    S3 {
        /// The text.
        source_text: String,
        /// Every problem.
        problems: String,
    },
    /// Not a path of Parameter Store.
    #[error("`{0}` is not a path of parameters; write ssm:/PATH, such as ssm:/credential-health/inventory")]
    Parameters(String),
    /// A name without characters between commas.
    #[error("`{0}` has a comma without a source beside it")]
    Empty(String),
    /// The same source again.
    #[error("`{0}` is given twice")]
    Twice(String),
    /// Standard input beside other sources.
    #[error("`-` (standard input) cannot be combined with other sources")]
    StandardInput,
    /// More sources than are read.
    #[error("{0} sources are given, and at most {MOST_SOURCES} are read")]
    TooMany(usize),
}

impl InventorySources {
    /// Reads sources that are separated by commas. An existing file whose name has a comma is one source.
    ///
    /// # Errors
    /// The first source that cannot be one.
    pub fn parse(text: &str) -> Result<Self, BadSource> {
        let is_file = Path::new(text).exists();
        let names: Vec<&str> = if is_file { vec![text] } else { text.split(',').map(str::trim).collect() };
        if names.len() > MOST_SOURCES {
            return Err(BadSource::TooMany(names.len()));
        }
        let mut sources: Vec<InventorySource> = Vec::with_capacity(names.len());
        for name in &names {
            if name.is_empty() && names.len() > 1 {
                return Err(BadSource::Empty(text.to_owned()));
            }
            let source = InventorySource::parse(name)?;
            match source {
                _ if sources.contains(&source) => return Err(BadSource::Twice((*name).to_owned())),
                InventorySource::StandardInput if names.len() > 1 => return Err(BadSource::StandardInput),
                source => sources.push(source),
            }
        }
        Ok(Self(sources))
    }

    /// The same for an argument, which may be a path that is not Unicode.
    ///
    /// # Errors
    /// As `parse`.
    pub fn from_argument(argument: &Path) -> Result<Self, BadSource> {
        argument.to_str().map_or_else(|| Ok(InventorySource::Path(argument.to_owned()).into()), Self::parse)
    }

    /// Each source, in order.
    pub fn iter(&self) -> impl Iterator<Item = &InventorySource> {
        self.0.iter()
    }

    /// Whether AWS must be called to read a source.
    #[must_use]
    pub fn are_remote(&self) -> bool {
        self.0.iter().any(InventorySource::is_remote)
    }

    /// The most bytes of each source, where all have `most` together.
    #[must_use]
    pub fn share_of(&self, most: u64) -> u64 {
        most / self.0.len().max(1) as u64
    }
}

impl From<InventorySource> for InventorySources {
    fn from(source: InventorySource) -> Self {
        Self(vec![source])
    }
}

impl fmt::Display for InventorySources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&names.join(","))
    }
}

impl InventorySource {
    fn parse(name: &str) -> Result<Self, BadSource> {
        if name == "-" {
            return Ok(Self::StandardInput);
        }
        if let Some(address) = name.strip_prefix("s3://") {
            let bad = |bad: BadS3Uri| BadSource::S3 { source_text: name.to_owned(), problems: bad.problems };
            return match address.contains('/') {
                // The whole bucket.
                false => S3Folder::parse(&format!("{name}/")).map(Self::Prefix).map_err(bad),
                true if address.ends_with('/') => S3Folder::parse(name).map(Self::Prefix).map_err(bad),
                true => S3Uri::parse(name).map(Self::Object).map_err(bad),
            };
        }
        match name.strip_prefix("ssm:") {
            Some(path) => Self::parse_parameters(name, path),
            None => Ok(Self::Path(PathBuf::from(name))),
        }
    }

    /// SSM GetParametersByPath, `Path`: letters, digits and `.-_`, in levels that each begin with `/`.
    fn parse_parameters(name: &str, path: &str) -> Result<Self, BadSource> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let is_level =
            |level: &str| !level.is_empty() && level.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
        let levels: Option<Vec<&str>> = path.strip_prefix('/').map(|levels| levels.split('/').collect());
        let is_path = levels.is_some_and(|levels| levels.len() < MOST_LEVELS && levels.into_iter().all(is_level));
        if is_path && path.len() <= LONGEST_PATH {
            return Ok(Self::Parameters { path: path.to_owned() });
        }
        Err(BadSource::Parameters(name.to_owned()))
    }

    /// Whether AWS must be called to read it.
    pub(super) const fn is_remote(&self) -> bool {
        match self {
            Self::Path(_) | Self::StandardInput | Self::Text { .. } => false,
            Self::Object(_) | Self::Prefix(_) | Self::Parameters { .. } => true,
        }
    }

    /// Whether its files are parameters, whose names need no ending.
    pub(super) const fn has_parameters(&self) -> bool {
        match self {
            Self::Parameters { .. } => true,
            Self::Path(_) | Self::StandardInput | Self::Text { .. } | Self::Object(_) | Self::Prefix(_) => false,
        }
    }

    /// The name of a file of a prefix or a path, by its name within the source.
    pub(crate) fn name_of(&self, within: &str) -> String {
        match self {
            Self::Prefix(_) => format!("{self}{within}"),
            Self::Parameters { .. } => format!("{self}/{within}"),
            Self::Object(_) | Self::Path(_) | Self::StandardInput | Self::Text { .. } => self.to_string(),
        }
    }
}

impl fmt::Display for InventorySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::StandardInput => f.write_str("<stdin>"),
            Self::Text { name, .. } => f.write_str(name),
            Self::Object(object) => write!(f, "{object}"),
            Self::Prefix(folder) => write!(f, "{folder}"),
            Self::Parameters { path } => write!(f, "ssm:{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_separated_by_commas() {
        let sources = InventorySources::parse("platform.yaml,s3://my-bucket/teams/,s3://my-bucket/a.yaml,ssm:/a/b/");
        let expected = vec![
            InventorySource::Path("platform.yaml".into()),
            InventorySource::Prefix(S3Folder::parse("s3://my-bucket/teams/").unwrap()),
            InventorySource::Object(S3Uri::parse("s3://my-bucket/a.yaml").unwrap()),
            InventorySource::Parameters { path: "/a/b".to_owned() },
        ];
        assert_eq!(sources, Ok(InventorySources(expected)));
        let spaced = InventorySources::parse("platform.yaml, s3://my-bucket/teams/ ,s3://my-bucket/a.yaml , ssm:/a/b");
        assert_eq!(spaced, sources);
        assert_eq!(InventorySources::parse("-"), Ok(InventorySource::StandardInput.into()));
        let whole = InventorySource::Prefix(S3Folder::parse("s3://my-bucket/").unwrap());
        assert_eq!(InventorySources::parse("s3://my-bucket"), Ok(whole.clone().into()));
        assert_eq!(InventorySources::parse("s3://my-bucket/"), Ok(whole.into()));
    }

    #[test]
    fn a_source_that_cannot_be_one_is_an_error() {
        for text in [
            "s3://",
            "s3:///key",
            "s3://B/key",
            "s3://my-bucket//",
            "s3://my-bucket/a b",
            "s3://my-bucket/*.yaml",
            "ssm:",
            "ssm:/",
            "ssm:path",
            "ssm:/a//b",
            "ssm:/a b",
            "ssm:/a/*",
            "a.yaml,",
            ",",
            "a.yaml,,b.yaml",
            "a.yaml, ,b.yaml",
            "a.yaml,a.yaml",
            "ssm:/a,ssm:/a/",
            "a.yaml, a.yaml",
            "-,a.yaml",
            "a.yaml,-",
        ] {
            assert!(InventorySources::parse(text).is_err(), "{text}");
        }
        let many = vec!["x"; 101].join(",");
        assert_eq!(InventorySources::parse(&many), Err(BadSource::TooMany(101)));
    }

    #[test]
    fn an_existing_file_with_a_comma_in_its_name_is_one_source() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a,b.yaml");
        std::fs::write(&path, "").unwrap();
        assert_eq!(InventorySources::from_argument(&path), Ok(InventorySource::Path(path).into()));
    }
}

//! The name of a job, unique in its inventory.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// The name of a job. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct JobName(Arc<str>);

/// The end of the name of a job with a copy of a profile's credentials.
const COPY: &str = " (copied)";

impl JobName {
    /// The name of the same job with a copy of its credentials.
    #[must_use]
    pub fn copy(&self) -> Self {
        format!("{self}{COPY}").into()
    }

    /// Whether the job has a copy of a profile's credentials.
    #[must_use]
    pub fn is_copy(&self) -> bool {
        self.0.ends_with(COPY)
    }

    /// The name of the profile.
    #[must_use]
    pub fn without_copy(&self) -> &str {
        self.0.strip_suffix(COPY).unwrap_or(&self.0)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for JobName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for JobName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for JobName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<String> for JobName {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl PartialEq<str> for JobName {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for JobName {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for JobName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

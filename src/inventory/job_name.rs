//! The name of a job, unique in its inventory.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// The name of a job. Cheap to clone.
#[derive(Clone, Default)]
pub struct JobName {
    text: Arc<str>,
    /// The name of the same job without the copy, if this job has a copy of a profile's credentials.
    original: Option<Arc<str>>,
}

impl JobName {
    /// The name of the same job with a copy of its credentials.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self { text: format!("{self} (copied)").into(), original: Some(self.text.clone()) }
    }

    /// Whether the job has a copy of a profile's credentials.
    #[must_use]
    pub const fn is_copy(&self) -> bool {
        self.original.is_some()
    }

    /// The name of the profile.
    #[must_use]
    pub fn without_copy(&self) -> &str {
        self.original.as_ref().unwrap_or(&self.text)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Deref for JobName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl Borrow<str> for JobName {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl From<&str> for JobName {
    fn from(name: &str) -> Self {
        Self { text: name.into(), original: None }
    }
}

impl From<String> for JobName {
    fn from(name: String) -> Self {
        Self { text: name.into(), original: None }
    }
}

// A name is unique in its inventory, so its text decides.
impl PartialEq for JobName {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for JobName {}

impl PartialOrd for JobName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for JobName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for JobName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
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

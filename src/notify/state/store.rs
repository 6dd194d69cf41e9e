//! The state in S3: one object, read whole, and written on the condition that it has not changed since.

use std::sync::Arc;

use jiff::Timestamp;

use super::{LARGEST, Previous, State, print};
use crate::aws::errors::Class;
use crate::aws::s3_object::{S3Object, WriteCondition};
use crate::aws::{Aws, Bucket, ErrorAnswer, NotReadObject};
use crate::s3_uri::S3Uri;

/// Where the state is kept.
#[derive(Debug)]
pub struct Store {
    object: S3Object,
    uri: S3Uri,
}

/// The version of the object that was read: a write replaces this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// This one.
    Etag(String),
    /// No object: a write must find none.
    Absent,
    /// Not known, since the object could not be read.
    Unknown,
}

/// The result of reading.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The state of the run before.
    pub previous: Previous,
    /// The version that a write replaces.
    pub version: Version,
}

/// Why a state was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSaved {
    /// Another run has written it since it was read.
    #[error("another run has written it since it was read")]
    Conflict,
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl Store {
    /// The store at `uri`.
    #[must_use]
    pub fn new(aws: Aws, uri: S3Uri) -> Self {
        Self { object: S3Object::new(Arc::new(Bucket::new(aws, uri.bucket())), uri.key()), uri }
    }

    /// Where it is.
    #[must_use]
    pub fn uri(&self) -> &S3Uri {
        &self.uri
    }

    /// Reads the state. Where it cannot be read, every finding counts as new.
    pub async fn load(&self, now: Timestamp) -> Loaded {
        let lost = |why: &str, version| Loaded { previous: Previous::Lost { why: self.about(why) }, version };
        match self.object.get(LARGEST, None).await {
            Ok(content) => {
                let version = content.etag.map_or(Version::Unknown, Version::Etag);
                let Some(bytes) = content.bytes else {
                    return lost(&format!("it is over {LARGEST} bytes"), version);
                };
                match super::read(&bytes, now) {
                    Ok(state) => Loaded { previous: Previous::Known(state), version },
                    Err(unreadable) => lost(&unreadable.to_string(), version),
                }
            }
            Err(NotReadObject::Refused(answer)) => self.refused(&answer),
            Err(why) => lost(&why.to_string(), Version::Unknown),
        }
    }

    /// The result where S3 did not answer in time.
    #[must_use]
    pub fn not_loaded_in_time(&self) -> Loaded {
        let why = self.about("S3 gave no answer in time");
        Loaded { previous: Previous::Lost { why }, version: Version::Unknown }
    }

    /// Writes the state in place of the version that was read; returns the version that the next write replaces.
    ///
    /// # Errors
    /// `Conflict` where that version has changed; else why it could not be written.
    pub async fn save(&self, state: &State, replaces: &Version) -> Result<Version, NotSaved> {
        let text = print(state);
        if text.len() as u64 > LARGEST {
            return Err(NotSaved::Failed(self.about(&format!("the new state is over {LARGEST} bytes"))));
        }
        let condition = match replaces {
            Version::Etag(etag) => WriteCondition::IfMatch(etag),
            // Where reading was refused there may be no object: S3 hides that from callers that may not list the
            // bucket.
            Version::Absent | Version::Unknown => WriteCondition::IfNoneMatch,
        };
        match self.object.put(text, condition).await {
            Ok(etag) => Ok(Version::Etag(etag)),
            Err(answer) if matches!(answer.class, Class::ObjectChanged | Class::ObjectMissing) => {
                Err(NotSaved::Conflict)
            }
            Err(answer) => Err(NotSaved::Failed(self.about(&answer.text()))),
        }
    }

    fn refused(&self, answer: &ErrorAnswer) -> Loaded {
        if answer.class == Class::ObjectMissing {
            let why = self.about("there is no such object: this is the first run with it, or it was deleted");
            return Loaded { previous: Previous::New { why }, version: Version::Absent };
        }
        let hint = match answer.class == Class::Denied {
            true => " (S3 says so too where the object does not exist yet)",
            false => "",
        };
        let why = self.about(&format!("{}{hint}", answer.text()));
        Loaded { previous: Previous::Lost { why }, version: Version::Unknown }
    }

    fn about(&self, text: &str) -> String {
        format!("{}: {text}", self.uri)
    }
}

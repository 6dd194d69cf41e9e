//! The place of the state: `s3://BUCKET/KEY`.

use std::fmt;

use crate::s3_uri::{bucket_problems, key_problems};

/// An object in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateUri {
    bucket: String,
    key: String,
}

/// Why a text is not the URI of an S3 object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}`: {problems}; write s3://BUCKET/KEY, such as s3://my-bucket/credential-health/state.json")]
pub struct BadStateUri {
    text: String,
    /// Every problem.
    problems: String,
}

impl StateUri {
    /// Reads `s3://BUCKET/KEY`.
    ///
    /// # Errors
    /// Every problem of the text.
    pub fn parse(text: &str) -> Result<Self, BadStateUri> {
        let bad = |problems: &[&str]| BadStateUri { text: text.to_owned(), problems: problems.join("; ") };
        let Some(rest) = text.strip_prefix("s3://") else { return Err(bad(&["it is not an s3:// URI"])) };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let problems: Vec<&str> = bucket_problems(bucket).into_iter().chain(key_problems(key)).collect();
        match problems.is_empty() {
            true => Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() }),
            false => Err(bad(&problems)),
        }
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The object's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for StateUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

//! The place of the state: `s3://BUCKET/KEY`.

use std::fmt;

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

    /// An object whose key has this suffix, in the same bucket.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> Self {
        Self { key: format!("{}{suffix}", self.key), ..self.clone() }
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

/// S3 User Guide, bucket naming rules.
fn bucket_problems(bucket: &str) -> Vec<&'static str> {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let is_inner = |c: char| c == '-' || c == '.';
    let mut problems = Vec::new();
    if !(3..=63).contains(&bucket.len()) {
        problems.push("the bucket's name is not 3 to 63 characters long");
    }
    if !bucket.chars().all(is_allowed) {
        problems.push("the bucket's name has other characters than a-z, 0-9, `-` and `.`");
    }
    if bucket.starts_with(is_inner) || bucket.ends_with(is_inner) || bucket.contains("..") {
        problems.push("the bucket's name begins or ends with `-` or `.`, or has two dots in a row");
    }
    problems
}

/// S3 User Guide, object key naming: the characters that need no special handling, so that a policy can name the
/// object.
fn key_problems(key: &str) -> Vec<&'static str> {
    let mut problems = Vec::new();
    if key.is_empty() || key.len() > 1024 {
        problems.push("the key is not 1 to 1024 characters long");
    }
    if !key.chars().all(|c| c.is_ascii_alphanumeric() || "!-_.'()/".contains(c)) {
        problems.push("the key has other characters than letters, digits and ! - _ . ' ( ) /");
    }
    if key.ends_with('/') || key.starts_with('/') {
        problems.push("the key begins or ends with `/`");
    }
    problems
}

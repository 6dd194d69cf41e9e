//! Addresses in S3: of an object, `s3://BUCKET/KEY`, and of a folder, `s3://BUCKET/PREFIX/`.

use std::fmt;

/// An object in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Uri {
    bucket: String,
    key: String,
}

/// Why a text is not the URI of an object or a folder in S3.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}`: {problems}; write {form}")]
pub struct BadS3Uri {
    text: String,
    /// Every problem.
    pub(crate) problems: String,
    /// How such a URI is written.
    form: &'static str,
}

impl BadS3Uri {
    fn new(text: &str, problems: &[&str], form: &'static str) -> Self {
        Self { text: text.to_owned(), problems: problems.join("; "), form }
    }
}

const OBJECT: &str = "s3://BUCKET/KEY, such as s3://my-bucket/credential-health/state.json";
const FOLDER: &str = "s3://BUCKET/ or s3://BUCKET/PREFIX/, such as s3://my-bucket/athena/";

impl S3Uri {
    /// Reads `s3://BUCKET/KEY`.
    ///
    /// # Errors
    /// Every problem of the text.
    pub fn parse(text: &str) -> Result<Self, BadS3Uri> {
        let bad = |problems: &[&str]| BadS3Uri::new(text, problems, OBJECT);
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

impl fmt::Display for S3Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// The objects below `s3://BUCKET/PREFIX/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Folder {
    bucket: String,
    /// Empty, or with a slash at its end: the name of a folder is not the start of the name of another.
    prefix: String,
}

impl S3Folder {
    /// Reads `s3://BUCKET/PREFIX/`.
    ///
    /// # Errors
    /// Every problem of the text.
    pub fn parse(text: &str) -> Result<Self, BadS3Uri> {
        let bad = |problems: &[&str]| BadS3Uri::new(text, problems, FOLDER);
        let Some(rest) = text.strip_prefix("s3://") else { return Err(bad(&["it is not an s3:// URI"])) };
        let Some((bucket, prefix)) = rest.split_once('/') else { return Err(bad(&["it does not end with `/`"])) };
        let mut problems = bucket_problems(bucket);
        match prefix.strip_suffix('/') {
            Some(key) => problems.extend(key_problems(key)),
            None if !prefix.is_empty() => problems.push("it does not end with `/`"),
            None => {}
        }
        match problems.is_empty() {
            true => Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() }),
            false => Err(bad(&problems)),
        }
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The start of the keys: empty, or with a slash at its end.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether the object is below the folder.
    #[must_use]
    pub fn contains(&self, object: &S3Uri) -> bool {
        object.bucket == self.bucket && object.key.starts_with(&self.prefix)
    }
}

impl fmt::Display for S3Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_contains_the_objects_below_it_and_no_others() {
        let folder = S3Folder::parse("s3://results/athena/daily/").unwrap();
        let contains = |uri: &str| folder.contains(&S3Uri::parse(uri).unwrap());
        assert!(contains("s3://results/athena/daily/a.csv") && contains("s3://results/athena/daily/2026/a.csv"));
        for other in
            ["s3://results/athena/daily-private/a.csv", "s3://results/a.csv", "s3://results2/athena/daily/a.csv"]
        {
            assert!(!contains(other), "{other}");
        }
        assert_eq!(folder.to_string(), "s3://results/athena/daily/");
        assert!(S3Folder::parse("s3://results/").unwrap().contains(&S3Uri::parse("s3://results/a.csv").unwrap()));
    }

    #[test]
    fn a_text_that_names_no_folder_is_refused() {
        for bad in ["", "results/", "s3://results", "s3:///a/", "s3://results/athena", "s3://results//", "s3://R/a/"] {
            assert!(S3Folder::parse(bad).is_err(), "{bad}");
        }
    }
}

//! The names of buckets and objects in `s3://BUCKET/KEY`.

/// S3 User Guide, bucket naming rules.
pub(crate) fn bucket_problems(bucket: &str) -> Vec<&'static str> {
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
pub(crate) fn key_problems(key: &str) -> Vec<&'static str> {
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

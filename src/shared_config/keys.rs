//! The keys of a profile: which ones a tool reads, and which one a misspelt key was meant to be.

/// The keys that say where credentials come from.
const CREDENTIAL_KEYS: [&str; 20] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "role_arn",
    "source_profile",
    "credential_source",
    "duration_seconds",
    "mfa_serial",
    "external_id",
    "role_session_name",
    "web_identity_token_file",
    "sso_session",
    "sso_start_url",
    "sso_region",
    "sso_registration_scopes",
    "sso_account_id",
    "sso_role_name",
    "credential_process",
    "login_session",
    "region",
];

/// Other keys that are near to one of these and that a tool reads, or that tools write.
const OTHER_KEYS: [&str; 7] = [
    "aws_security_token",
    "aws_account_id",
    "aws_session_expiration",
    "external_id_file",
    "regions",
    "sso_account_name",
    "role_session_tags",
];

/// The most edits between a misspelt key and the key that was meant.
const MOST_EDITS: usize = 2;

/// Whether no tool reads the key, as far as the keys of credentials go.
pub(super) fn is_unknown(key: &str) -> bool {
    !CREDENTIAL_KEYS.contains(&key) && !OTHER_KEYS.contains(&key)
}

/// The key that was meant; `None`: none is near.
pub(super) fn meant(written: &str) -> Option<&'static str> {
    let distance = |key: &str| {
        // `duration-seconds` and `sourceProfile` are one idea of the same key.
        let plain = |text: &str| text.replace(['_', '-', ' '], "").to_lowercase();
        let other_separators = plain(key) == plain(written);
        if other_separators { 1 } else { strsim::damerau_levenshtein(written, key) }
    };
    let most = if written.len() < 8 { 1 } else { MOST_EDITS };
    let near = CREDENTIAL_KEYS.iter().map(|key| (distance(key), *key)).filter(|(distance, _)| *distance <= most);
    near.min_by_key(|(distance, _)| *distance).map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_is_known_by_the_key_that_it_is_near_to() {
        for (written, expected) in [
            ("so_start_url", Some("sso_start_url")),
            ("role-arn", Some("role_arn")),
            ("sourceprofile", Some("source_profile")),
            ("duration_second", Some("duration_seconds")),
            ("mfa_searial", Some("mfa_serial")),
            ("granted_sso_start_url", None),
            ("output", None),
            ("cli_pager", None),
        ] {
            assert_eq!(meant(written), expected, "{written}");
        }
        assert!(!is_unknown("role_arn") && !is_unknown("aws_security_token") && is_unknown("so_start_url"));
    }
}

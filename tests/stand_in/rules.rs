//! The rules of STS and IAM as values, with AWS's as the default. A test changes one and sees who notices.

/// AWS's rules.
#[derive(Clone, Debug)]
pub struct Rules {
    /// DurationSeconds of every call.
    pub least_seconds: i32,
    /// DurationSeconds of AssumeRole.
    pub most_role_seconds: i32,
    /// DurationSeconds of GetSessionToken and GetFederationToken.
    pub most_token_seconds: i32,
    /// AssumeRole without DurationSeconds.
    pub default_role_seconds: i32,
    /// GetSessionToken and GetFederationToken without DurationSeconds.
    pub default_token_seconds: i32,
    /// AssumeRole by a session.
    pub chain_cap_seconds: i32,
    /// A request over a limit is shortened, not refused.
    pub shortens: bool,
    /// A session of GetSessionToken counts as a session for the cap.
    pub session_tokens_chain: bool,
    /// MaxSessionDuration is checked before the cap.
    pub maximum_before_cap: bool,
    /// The range of the API is checked before MaxSessionDuration and the cap.
    pub range_first: bool,
    /// A session ends with the session that took it, if that ends more than this many seconds earlier.
    pub ends_with_parent: Option<i64>,
    /// Sessions may call GetSessionToken and GetFederationToken.
    pub sessions_get_tokens: bool,
    /// A session of GetSessionToken without MFA may call IAM.
    pub session_tokens_call_iam: bool,
    /// A session of GetFederationToken may call IAM.
    pub federation_calls_iam: bool,
    /// A session of GetFederationToken may call AssumeRole.
    pub federation_assumes: bool,
    /// A session of GetFederationToken may call GetCallerIdentity.
    pub federation_has_identity: bool,
    /// The external ID of a trust policy is compared.
    pub external_id_counts: bool,
    /// A missing role is named as missing.
    pub missing_role_is_named: bool,
    /// The shape of a role's ARN is checked.
    pub checks_arns: bool,
    /// The length of RoleSessionName.
    pub session_name: (usize, usize),
    /// The length of ExternalId.
    pub external_id: (usize, usize),
    /// The longest SourceIdentity: the live service accepts more than the 64 of the model.
    pub most_source_identity: usize,
    /// The source identity of a session stays.
    pub source_identity_stays: bool,
    /// The longest session policy.
    pub most_policy: usize,
    /// A session policy must be JSON.
    pub checks_policies: bool,
    /// SerialNumber and TokenCode come together.
    pub mfa_needs_both: bool,
    /// The signature is checked.
    pub checks_signatures: bool,
    /// An unknown key is named so.
    pub unknown_keys_are_named: bool,
    /// The token is compared with that of the key.
    pub checks_tokens: bool,
    /// The allowed offset of the caller's clock, in seconds.
    pub clock_window: i64,
    /// MaxSessionDuration of CreateRole, and of UpdateRole, without the setting.
    pub default_maximum: i32,
    /// The smallest MaxSessionDuration.
    pub least_maximum: i32,
    /// The largest MaxSessionDuration.
    pub most_maximum: i32,
    /// UpdateRole without MaxSessionDuration resets it.
    pub update_resets: bool,
    /// ListRoles returns MaxSessionDuration.
    pub list_has_maximum: bool,
    /// The sessions of a deleted role end.
    pub deletion_ends_sessions: bool,
    /// A role that is made again is another role.
    pub made_again_is_another: bool,
    /// An inactive key is refused.
    pub inactive_keys_are_refused: bool,
    /// Answers have a Date header.
    pub has_date: bool,
    /// The end of a session is checked before the signature.
    pub expiry_before_signature: bool,
    /// The token is checked before the end of a session.
    pub token_before_expiry: bool,
    /// The codes and statuses of an expired token: STS and IAM, S3, EC2, JSON services.
    pub expired: [(u16, &'static str); 4],
    /// CloudTrail records calls with an expired token. (Not documented; chosen without a measurement.)
    pub trail_has_expired: bool,
    /// A trust policy's condition on `sts:DurationSeconds` is compared with the request. (Not documented; chosen
    /// without a measurement.)
    pub duration_conditions: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            least_seconds: 900,
            most_role_seconds: 43_200,
            most_token_seconds: 129_600,
            default_role_seconds: 3600,
            default_token_seconds: 43_200,
            chain_cap_seconds: 3600,
            shortens: false,
            session_tokens_chain: true,
            maximum_before_cap: true,
            range_first: true,
            ends_with_parent: None,
            sessions_get_tokens: false,
            session_tokens_call_iam: false,
            federation_calls_iam: false,
            federation_assumes: false,
            federation_has_identity: true,
            external_id_counts: true,
            missing_role_is_named: false,
            checks_arns: true,
            session_name: (2, 64),
            external_id: (2, 1224),
            most_source_identity: 256,
            source_identity_stays: true,
            most_policy: 2048,
            checks_policies: true,
            mfa_needs_both: true,
            checks_signatures: true,
            unknown_keys_are_named: true,
            checks_tokens: true,
            clock_window: 15 * 60,
            default_maximum: 3600,
            least_maximum: 3600,
            most_maximum: 43_200,
            update_resets: true,
            list_has_maximum: true,
            deletion_ends_sessions: true,
            made_again_is_another: true,
            inactive_keys_are_refused: true,
            has_date: true,
            expiry_before_signature: true,
            token_before_expiry: true,
            expired: [
                (403, "ExpiredToken"),
                (400, "ExpiredToken"),
                (400, "RequestExpired"),
                (400, "ExpiredTokenException"),
            ],
            trail_has_expired: false,
            duration_conditions: true,
        }
    }
}

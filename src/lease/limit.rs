//! What limits a job: the vocabulary that verdicts, findings and reports share.

/// What limits a job that is not covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedBy {
    /// The range of durations that an API accepts.
    DurationRange,
    /// The source's credentials may not call AssumeRole.
    SourceCannotAssume,
    /// The role's MaxSessionDuration.
    MaxSessionDuration,
    /// The one-hour cap of role chaining.
    RoleChaining,
    /// What the platform gives to code that copies its credentials.
    Platform,
    /// The job's own refresh interval.
    RefreshInterval,
    /// The end of the session that the source is.
    SourceSession,
    /// The end of the login to the Identity Center portal.
    PortalSession,
    /// The end of the sign-in session of `aws login`.
    SigninSession,
    /// An OIDC token or SAML assertion that cannot be presented again.
    IdentityToken,
    /// MFA, which needs a person.
    Mfa,
    /// The end of a session on the path that is taken once and handed on.
    CopiedSession,
    /// The twelve hours that no session exceeds.
    StsMaximum,
    /// The DurationSeconds that the job's client sends.
    RequestedDuration,
    /// The hour that STS takes where the client sends none.
    DefaultDuration,
}

/// What limits a job, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What limits it.
    pub by: LimitedBy,
    /// The hop, 0-based; `None`: the source.
    pub hop: Option<usize>,
}

impl Limit {
    /// A limit of the source.
    pub(super) const fn of_source(by: LimitedBy) -> Self {
        Self { by, hop: None }
    }

    /// A limit of a hop.
    pub(super) const fn of_hop(by: LimitedBy, hop: usize) -> Self {
        Self { by, hop: Some(hop) }
    }
}

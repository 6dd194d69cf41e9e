//! The closed list of findings: owns their ids, severities and one-line meanings, and ties each to its page. Ids never change meaning.

use std::fmt;

use serde::{Serialize, Serializer};

/// How much a finding matters. Ordered: `Low < Medium < High < Critical`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth tidying.
    Low,
    /// Worth a look soon.
    Medium,
    /// The job will fail on a long run.
    High,
    /// The job cannot start, or a role cannot be used.
    Critical,
}

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// The word of the report: `critical`, `high`, `medium`, `low`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// Reads the word of the report.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

macro_rules! findings {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $severity:ident;)*) => {
        /// What a finding says: one id each, kebab-case in every output.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FindingId { $($(#[$doc])* $name,)* }

        impl FindingId {
            /// Every id, in the order of the interface.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The id as every output writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// How much it matters.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// Its page of `docs/findings`, in Markdown. Only the command line carries the pages.
            #[cfg(feature = "cli")]
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("../docs/findings/", $id, ".md")),)* }
            }
        }
    };
}

findings! {
    /// A requested DurationSeconds is outside what the API accepts at all.
    DurationOutOfRange = "duration-out-of-range", Critical;
    /// A requested DurationSeconds is over the role's MaxSessionDuration.
    DurationAboveMaxSession = "duration-above-max-session", Critical;
    /// A chained hop asks for more than one hour.
    DurationAboveChainCap = "duration-above-chain-cap", Critical;
    /// The source's credentials may not call AssumeRole at all.
    SourceCannotAssume = "source-cannot-assume", Critical;
    /// AssumeRole was refused with AccessDenied.
    AssumeDenied = "assume-denied", Critical;
    /// IAM says that the role does not exist.
    RoleMissing = "role-missing", Critical;
    /// The credentials that were used have expired.
    CredentialsExpired = "credentials-expired", Critical;
    /// The credentials that were used are not valid.
    CredentialsInvalid = "credentials-invalid", Critical;
    /// The signature of the request was refused.
    SignatureMismatch = "signature-mismatch", Critical;
    /// Role chaining caps the job's session at one hour.
    ChainCapsSession = "chain-caps-session", High;
    /// The role's MaxSessionDuration is shorter than the job.
    MaxSessionTooShort = "max-session-too-short", High;
    /// The client asks for nothing, and the default hour is shorter than the job.
    DefaultDurationTooShort = "default-duration-too-short", High;
    /// The client asks for less than the job needs.
    RequestedDurationTooShort = "requested-duration-too-short", High;
    /// The job is longer than any session can be.
    JobExceedsAnySession = "job-exceeds-any-session", High;
    /// What renews the credentials ends before the job does.
    SourceSessionEndsFirst = "source-session-ends-first", High;
    /// The job renews its credentials less often than they lapse.
    RefreshSlowerThanSession = "refresh-slower-than-session", High;
    /// The job copies credentials that the platform would renew.
    CachedPlatformCredentials = "cached-platform-credentials", High;
    /// The clock of the checker and of AWS differ.
    ClockSkew = "clock-skew", High;
    /// STS is not activated in the Region.
    RegionDisabled = "region-disabled", High;
    /// CloudTrail recorded a call with expired credentials.
    ExpiredTokenObserved = "expired-token-observed", High;
    /// The job lasts, with less headroom than it should keep.
    ThinMargin = "thin-margin", Medium;
    /// The verdict needs a MaxSessionDuration that is not known.
    MaxSessionUnknown = "max-session-unknown", Medium;
    /// The declared MaxSessionDuration is not the live one.
    MaxSessionDrift = "max-session-drift", Medium;
    /// Something that should have been checked was not.
    NotChecked = "not-checked", Medium;
    /// A waiver has run out.
    WaiverExpired = "waiver-expired", Medium;
    /// The role's MaxSessionDuration is above what its jobs need.
    MaxSessionOverProvisioned = "max-session-over-provisioned", Low;
    /// The role's MaxSessionDuration can never be had, since every path chains.
    MaxSessionUnreachable = "max-session-unreachable", Low;
    /// A waiver matches nothing.
    WaiverUnused = "waiver-unused", Low;
}

#[cfg(feature = "cli")]
impl FindingId {
    /// What it means in one line: the sentence below its page's title.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.page().lines().skip(1).find(|line| !line.is_empty()).unwrap_or_default()
    }
}

impl FindingId {
    /// Reads an id as outputs write it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|id| id.as_str() == text)
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for FindingId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

//! The registry of findings: one row per finding. Ids never change meaning.

use std::fmt;

use super::evidence::FactKind;
use super::judged::JudgedJob;
use super::model::Finding;
use super::refused::{Refusals, Refused};
use super::subject::Subject;
use crate::aws::errors::Class;
use crate::cloudtrail::Sessions;
use crate::facts::Observation;
use crate::inventory::Waiver;
use crate::lease::Judgement;

/// The severity of a finding. Ordered: `Low < Medium < High < Critical`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A tidy-up without risk for the jobs.
    Low,
    /// A risk that needs attention soon.
    Medium,
    /// The job fails on a long run.
    High,
    /// The job cannot start, or a role cannot be used.
    Critical,
}

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// The word in the report: `critical`, `high`, `medium`, `low`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// Parses the word of the report.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text)
    }
}

/// When a problem ends a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The job gets no credentials.
    AtTheStart,
    /// The credentials expire before the job finishes.
    DuringTheRun,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The definition of a finding, one per file.
pub(super) struct Definition {
    /// The id in every output.
    pub(super) id: &'static str,
    /// The severity, unless the finding itself has a lower severity.
    pub(super) severity: Severity,
    /// The page in `docs/findings`, in Markdown. Only the command includes the pages.
    #[cfg(feature = "cli")]
    pub(super) page: &'static str,
    /// When the problem ends a job; `None`: it does not end a job by itself.
    pub(super) ends: Option<Ending>,
    /// The detection of the finding.
    pub(super) detect: &'static [Detect],
    /// The facts whose change makes the finding changed for subscribers.
    pub(super) change_facts: &'static [FactKind],
}

/// The detection of a finding.
pub(super) enum Detect {
    /// The finding comes from a job's verdict. Exactly one finding applies to each judgement that is not covered.
    Verdict {
        /// Whether this finding applies to the judgement.
        applies: fn(&Judgement) -> bool,
        /// The finding.
        describe: fn(&JudgedJob<'_>) -> Option<Finding>,
    },
    /// The finding comes from a refusal or a failed call. Exactly one finding applies to each class of errors.
    Refusal {
        /// Whether this finding applies to the class.
        applies: fn(Class) -> bool,
        /// The finding; `None` if another finding about the same role is more specific.
        describe: fn(&Subject<'_>, &Refused<'_>, &Refusals<'_>) -> Option<Finding>,
    },
    /// The finding comes from declared, planned and live facts.
    Facts(fn(&Subject<'_>, &mut Vec<Finding>)),
    /// The finding comes from the sessions that CloudTrail recorded.
    Sessions(fn(&Subject<'_>, &Sessions, &mut Vec<Finding>)),
    /// The finding comes from a failed call that CloudTrail recorded.
    Observation(fn(&Subject<'_>, &Observation) -> Finding),
    /// The findings come from the waivers that cover no finding of a complete, unfiltered run.
    UnusedWaivers(for<'a> fn(&Subject<'a>, &[&'a Waiver], &mut Vec<Finding>)),
}

/// The page of a finding, by its id.
#[cfg(feature = "cli")]
macro_rules! page {
    ($id:literal) => {
        include_str!(concat!("../../docs/findings/", $id, ".md"))
    };
}

/// A [`Definition`] with its page. The id is written only once.
macro_rules! define {
    ($id:literal, $severity:ident, $(ends: $ends:ident,)? detect: $detect:expr, change_facts: $facts:expr $(,)?) => {
        pub(super) const DEFINITION: crate::findings::registry::Definition = crate::findings::registry::Definition {
            id: $id,
            severity: crate::findings::Severity::$severity,
            #[cfg(feature = "cli")]
            page: crate::findings::registry::page!($id),
            ends: [$(Some(crate::findings::registry::Ending::$ends),)? None][0],
            detect: $detect,
            change_facts: $facts,
        };
    };
}

pub(super) use define;
#[cfg(feature = "cli")]
pub(super) use page;

macro_rules! registry {
    ($($(#[$doc:meta])* $name:ident = $file:ident;)*) => {
        /// The id of a finding, kebab-case in every output.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FindingId { $($(#[$doc])* $name,)* }

        impl FindingId {
            /// Every id, in the order of the public interface.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The definition from the finding's file.
            pub(super) const fn definition(self) -> &'static Definition {
                match self { $(Self::$name => &super::$file::DEFINITION,)* }
            }
        }
    };
}

registry! {
    /// A requested DurationSeconds is outside the range that the API accepts.
    DurationOutOfRange = duration_out_of_range;
    /// A requested DurationSeconds is over the role's MaxSessionDuration.
    DurationAboveMaxSession = duration_above_max_session;
    /// A chained hop requests more than one hour.
    DurationAboveChainCap = duration_above_chain_cap;
    /// The source's credentials may not call AssumeRole.
    SourceCannotAssume = source_cannot_assume;
    /// AssumeRole was refused with AccessDenied.
    AssumeDenied = assume_denied;
    /// The role does not exist in IAM.
    RoleMissing = role_missing;
    /// STS refused the duration of a request, as CloudTrail recorded it.
    DurationRefused = duration_refused;
    /// The credentials that were used have expired.
    CredentialsExpired = credentials_expired;
    /// The credentials that were used are not valid.
    CredentialsInvalid = credentials_invalid;
    /// AWS refused the signature of the request.
    SignatureMismatch = signature_mismatch;
    /// Role chaining caps the job's session at one hour.
    ChainCapsSession = chain_caps_session;
    /// The role's MaxSessionDuration is shorter than the job.
    MaxSessionTooShort = max_session_too_short;
    /// The client requests no duration, and the default of one hour is shorter than the job.
    DefaultDurationTooShort = default_duration_too_short;
    /// The client requests less than the job needs.
    RequestedDurationTooShort = requested_duration_too_short;
    /// The job is longer than the longest session of any role.
    JobExceedsAnySession = job_exceeds_any_session;
    /// The login or session behind the job expires before the job finishes.
    SourceSessionEndsFirst = source_session_ends_first;
    /// The job renews its credentials less often than they expire.
    RefreshSlowerThanSession = refresh_slower_than_session;
    /// The job copies credentials that the platform would renew.
    CachedPlatformCredentials = cached_platform_credentials;
    /// The clocks of the checker and of AWS differ.
    ClockSkew = clock_skew;
    /// STS is not activated in the Region.
    RegionDisabled = region_disabled;
    /// CloudTrail recorded a call with expired credentials.
    ExpiredTokenObserved = expired_token_observed;
    /// A team's file of the inventory cannot be read, so its jobs are not checked.
    InventoryBroken = inventory_broken;
    /// A recorded run was longer than its job declares.
    LengthExceeded = length_exceeded;
    /// CloudTrail shows a session that was used until its end and that nothing renewed.
    SessionUsedToItsEnd = session_used_to_its_end;
    /// The credentials last, but with less headroom than the job's margin.
    ThinMargin = thin_margin;
    /// The verdict needs a MaxSessionDuration that is not known.
    MaxSessionUnknown = max_session_unknown;
    /// The declared MaxSessionDuration differs from the live or planned one.
    MaxSessionDrift = max_session_drift;
    /// A role should have been checked and was not.
    NotChecked = not_checked;
    /// A tag of a role should declare a job, and cannot be used.
    RoleTagInvalid = role_tag_invalid;
    /// A waiver has expired.
    WaiverExpired = waiver_expired;
    /// The role's MaxSessionDuration is longer than its jobs need.
    MaxSessionOverProvisioned = max_session_over_provisioned;
    /// Every path reaches the role by role chaining, so its MaxSessionDuration has no effect.
    MaxSessionUnreachable = max_session_unreachable;
    /// A waiver covers no finding.
    WaiverUnused = waiver_unused;
    /// CloudTrail shows sessions by a path that no job declares.
    PathUndeclared = path_undeclared;
    /// The declared length is over four times the longest of many measured runs.
    LengthGuessedHigh = length_guessed_high;
}

impl FindingId {
    /// The id in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.definition().id
    }

    /// The severity, unless the finding itself has a lower severity.
    #[must_use]
    pub const fn severity(self) -> Severity {
        self.definition().severity
    }

    /// When the problem ends a job; `None`: it does not end a job by itself.
    #[must_use]
    pub const fn ends_a_job(self) -> Option<Ending> {
        self.definition().ends
    }

    /// The page in `docs/findings`, in Markdown. Only the command includes the pages.
    #[cfg(feature = "cli")]
    #[must_use]
    pub const fn page(self) -> &'static str {
        self.definition().page
    }

    /// The meaning in one line: the sentence below the page's title.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.page().lines().skip(1).find(|line| !line.is_empty()).unwrap_or_default()
    }

    /// Parses an id from an output.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|id| id.as_str() == text)
    }

    /// The finding for a verdict; `None` if the job is covered.
    #[must_use]
    pub fn of_judgement(judgement: &Judgement) -> Option<Self> {
        let applies = |detect: &Detect| matches!(detect, Detect::Verdict { applies, .. } if applies(judgement));
        Self::ALL.iter().copied().find(|id| id.definition().detect.iter().any(applies))
    }

    /// The finding for a refusal or a failed call.
    #[must_use]
    pub fn of_class(class: Class) -> Self {
        let id = Self::ALL.iter().copied().find(|id| id.is_about(class));
        // A test checks that each class has a finding.
        id.unwrap_or(Self::NotChecked)
    }

    /// Whether the finding is about refusals and failed calls.
    #[must_use]
    pub fn is_about_refusals(self) -> bool {
        self.definition().detect.iter().any(|detect| matches!(detect, Detect::Refusal { .. }))
    }

    fn is_about(self, class: Class) -> bool {
        let applies = |detect: &Detect| matches!(detect, Detect::Refusal { applies, .. } if applies(class));
        self.definition().detect.iter().any(applies)
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_class_belongs_to_one_finding() {
        for class in Class::ALL {
            let ids: Vec<_> = FindingId::ALL.iter().filter(|id| id.is_about(class)).collect();
            assert_eq!(ids.len(), 1, "{class:?}: {ids:?}");
        }
    }

    #[test]
    fn ids_are_kebab_case_and_unique() {
        let mut ids: Vec<&str> = FindingId::ALL.iter().map(|id| id.as_str()).collect();
        assert!(ids.iter().all(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}

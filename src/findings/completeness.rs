//! Whether a run checked everything that it was to check.

use super::model::Finding;
use super::registry::FindingId;
use super::subject::Subject;
use crate::aws::errors::{Class, Failure, Operation};
use crate::facts::{Description, Mode, RoleTags, SettingFact, StepOutcome};
use crate::inventory::{Job, Origin};
use crate::lease::{Judgement, LimitedBy, Verdict};

impl Subject<'_> {
    /// Whether everything was checked. Roles that must not be assumed and denied access do not count; an open
    /// `not-checked` does. `findings`: the findings of this run, waivers applied.
    #[must_use]
    pub fn is_complete(&self, findings: &[Finding]) -> bool {
        match &self.facts.mode {
            // Such a run reports what CloudTrail recorded.
            Mode::Observed(_) | Mode::Recorded => true,
            Mode::Offline | Mode::Planned(_) => !self.judgements.iter().any(needs_max_session),
            Mode::Live => {
                let leaves_open = |id: FindingId| matches!(id, FindingId::NotChecked | FindingId::RoleTagInvalid);
                let open_not_checked =
                    findings.iter().any(|finding| leaves_open(finding.id) && finding.waived.is_none());
                let unknown = self.judgements.iter().any(needs_max_session) || !self.inventory.broken.is_empty();
                !open_not_checked
                    && !unknown
                    && !self.failures().any(keeps_from_checking)
                    && !self.settings_are_missing()
                    && !self.role_tags_are_missing()
                    && !self.jobs.iter().any(|job| self.failed_login(job).is_some())
                    && !self.all_were_refused()
            }
        }
    }

    /// Why a job that is a profile has no credentials, although it assumes no role: a walk with a profile's credentials
    /// tries these too. The sources of an inventory are not the checker's, and are not tried.
    pub(crate) fn failed_login(&self, job: &Job) -> Option<Class> {
        let is_profile = self.inventory.origin == Origin::Profiles && job.path.is_empty();
        self.facts.checker_failure.filter(|_| is_profile)
    }

    /// Every failed call of the walk and of the readers.
    fn failures(&self) -> impl Iterator<Item = &Failure> {
        let steps = self.facts.steps.iter().filter_map(|step| match step {
            StepOutcome::Failed(failure) => Some(&**failure),
            StepOutcome::Assumed | StepOutcome::NotReached => None,
        });
        let described = self.facts.described.values().filter_map(|description| match description {
            Description::Failed(failure) => Some(&**failure),
            Description::Known { .. } | Description::NotReached | Description::NoReader => None,
        });
        steps.chain(described)
    }

    /// Whether a reader of settings could not be assumed. Denied access is a result, and a failure to read a setting
    /// counts through its `not-checked`.
    fn settings_are_missing(&self) -> bool {
        self.facts.settings.values().any(|fact| match fact {
            SettingFact::Failed(failure) => {
                failure.operation == Operation::AssumeRole && failure.class != Class::Denied
            }
            SettingFact::Live(_) | SettingFact::NoReader => false,
        })
    }

    /// Whether the tags of a role were not read, denied access included: a job that they declare would seem to be gone.
    fn role_tags_are_missing(&self) -> bool {
        self.facts.role_tags.as_ref().is_some_and(RoleTags::some_are_unread)
    }

    /// Whether the checker tried to assume roles and none was assumed.
    fn all_were_refused(&self) -> bool {
        !self.facts.steps.is_empty() && !self.facts.steps.contains(&StepOutcome::Assumed)
    }
}

/// Whether the failure left something unchecked. Denied access and a missing role are results. Failures that a
/// `not-checked` reports count through that finding, so that a waiver can accept them.
fn keeps_from_checking(failure: &Failure) -> bool {
    let counted_elsewhere = [FindingId::AssumeDenied, FindingId::RoleMissing, FindingId::NotChecked];
    !counted_elsewhere.contains(&FindingId::of_class(failure.class))
}

/// Whether the verdict is unknown because a MaxSessionDuration is not known.
pub(super) fn needs_max_session(judgement: &Judgement) -> bool {
    judgement.verdict == Verdict::Unknown && judgement.limited_by == Some(LimitedBy::MaxSessionDuration)
}

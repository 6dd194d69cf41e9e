//! The place where the user declares a job. A fix names the lines there: an inventory, an AWS profile or a workflow.

use std::collections::BTreeMap;

use super::search::{Change, Changed, Way, is_no_worse};
use crate::facts::Facts;
use crate::inventory::{Inventory, Job, Location, Origin, Refresh, RoleRef, Seconds, Source};
use crate::lease::rules;
use crate::templates::PlannedRole;

/// The place where jobs are declared, and the planned roles of templates and plans.
#[derive(Debug)]
pub(crate) struct FixPlace<'a> {
    pub(crate) inventory: &'a Inventory,
    /// The planned roles on the paths, except those that a plan deletes.
    pub(crate) planned: BTreeMap<RoleRef, &'a PlannedRole>,
    facts: &'a Facts,
}

impl<'a> FixPlace<'a> {
    pub(crate) fn new<'r>(
        inventory: &'a Inventory,
        facts: &'a Facts,
        roles: impl IntoIterator<Item = &'r RoleRef>,
    ) -> Self {
        let planned = roles.into_iter().filter_map(|role| {
            let planned = facts.planned_role(role).filter(|planned| !planned.deleted)?;
            Some((role.clone(), planned))
        });
        Self { inventory, planned: planned.collect(), facts }
    }
}

impl FixPlace<'_> {
    pub(crate) fn origin(&self) -> Origin {
        self.inventory.origin
    }

    /// The sentence followed by the keys to declare, where there is an inventory. Owners of jobs may not have its file
    /// in front of them, so the sentence names it. `keys` begins with a verb.
    pub(crate) fn declare(&self, sentence: &str, keys: &str) -> String {
        match self.origin() {
            Origin::Inventory if !keys.is_empty() => format!("{sentence} In the inventory, {keys}"),
            Origin::Inventory | Origin::Profiles | Origin::Workflows => sentence.to_owned(),
        }
    }

    /// `in account 222222222222 (data-prod)`, for a comment above a command; empty if the account is not known.
    pub(crate) fn account_comment(&self, role: &RoleRef) -> String {
        role.account().map_or_else(String::new, |account| format!("# in account {}\n", self.account(account)))
    }

    /// Whether this run read the role's MaxSessionDuration.
    pub(super) fn has_read(&self, role: &RoleRef) -> bool {
        self.facts.max_session(role).is_some()
    }

    /// Whether this run read the session duration of the job's permission set.
    pub(super) fn has_read_setting(&self, job: &Job) -> bool {
        self.facts.live_setting(job).is_some()
    }

    /// The account with its name, if the inventory names it.
    pub(super) fn account(&self, account: &str) -> String {
        match self.inventory.accounts.get(account) {
            Some(name) => format!("{account} ({name})"),
            None => account.to_owned(),
        }
    }

    /// The place of the step that assumes the role of this hop, where several workflow files are judged.
    pub(super) fn login_at(&self, job: &Job, hop: usize) -> Option<String> {
        let Location { file, line, .. } = &job.location;
        let is_login = self.origin() == Origin::Workflows && hop + 1 == job.path.len();
        let mut others = self.inventory.jobs.iter().filter(|_| is_login);
        others.any(|other| other.location.file != *file).then(|| format!("{file}:{line}"))
    }

    /// The profile that assumes the role of this hop, as a word of a shell: the job's own profile for the last hop, and
    /// the only profile with the path up to an earlier hop.
    pub(super) fn profile(&self, job: &Job, hop: usize) -> Option<String> {
        if self.origin() != Origin::Profiles {
            return None;
        }
        if hop + 1 == job.path.len() {
            return Some(job.name.without_copy().to_owned());
        }
        let upto: Vec<&RoleRef> = job.path.get(..=hop)?.iter().map(|hop| &hop.role).collect();
        let leads_there = |other: &&Job| {
            other.source == job.source
                && !other.name.is_copy()
                && other.path.iter().map(|hop| &hop.role).eq(upto.iter().copied())
        };
        let mut found = self.inventory.jobs.iter().filter(leads_there);
        match (found.next(), found.next()) {
            (Some(only), None) => Some(only.name.to_string()),
            (Some(_) | None, _) => None,
        }
    }

    /// Whether the way shortens no session of another job that has a part of this job's declaration. A profile counts
    /// too: nobody knows all that it is used for.
    pub(crate) fn harms_no_other(
        &self,
        job: &Job,
        way: &Way,
        max_session: &dyn Fn(&Job, &RoleRef) -> Option<Seconds>,
    ) -> bool {
        let is_profile = self.origin() == Origin::Profiles;
        let is_no_worse = |other: &Job, changes: &[Change]| {
            let is_safe = |job: &Job, changes: &[Change]| is_no_worse(job, changes, &|role| max_session(job, role));
            // A copy of the profile's credentials stays a copy.
            let is_safe_copied = || {
                let copy = Job { refresh: Refresh::None, ..other.clone() };
                let of_copy = changes.iter().filter(|change| !matches!(change, Change::Refresh(_))).cloned();
                is_safe(&copy, &of_copy.collect::<Vec<_>>())
            };
            is_safe(other, changes) && (!is_profile || is_safe_copied())
        };
        let is_other = |other: &&Job| other.name.without_copy() != job.name.without_copy();
        let mut others = self.inventory.jobs.iter().filter(is_other);
        let is_safe_for = |other: &Job| {
            let changes = self.shared_changes(job, other, &way.changes);
            changes.is_empty() || is_no_worse(other, &changes)
        };
        (!is_profile || is_no_worse(job, &way.changes)) && others.all(is_safe_for)
    }

    /// The changes that the other job gets too, with the maxima that they need; empty: no request of it changes.
    fn shared_changes(&self, job: &Job, other: &Job, changes: &[Change]) -> Vec<Change> {
        let requests = changes.iter().filter_map(|change| match change {
            Change::Ask(hop, seconds) => Some(Change::Ask(self.shared_hop(job, other, *hop)?, *seconds)),
            Change::SendNone(hop) => Some(Change::SendNone(self.shared_hop(job, other, *hop)?)),
            _ => None,
        });
        let mut shared: Vec<Change> = requests.collect();
        if !shared.is_empty() {
            shared.extend(changes.iter().filter(|change| matches!(change, Change::MaxSession(..))).cloned());
        }
        shared
    }

    /// The other job's hop whose request has the declaration of this hop: of a profile whose path the other's
    /// continues, or of the same step of a workflow.
    fn shared_hop(&self, job: &Job, other: &Job, hop: usize) -> Option<usize> {
        match self.origin() {
            Origin::Inventory => None,
            Origin::Workflows => {
                let is_login = hop + 1 == job.path.len() && other.location == job.location;
                other.path.len().checked_sub(1).filter(|_| is_login)
            }
            Origin::Profiles => {
                let of = |job: &'_ Job| {
                    let upto = job.path.get(..=hop)?.iter();
                    Some(upto.map(|hop| (hop.role.clone(), hop.duration)).collect::<Vec<_>>())
                };
                // Two profiles can have one role: only the profiles behind the last hop share it.
                let is_behind = hop + 1 < job.path.len() || other.path.len() > job.path.len();
                (is_behind && other.source == job.source && of(other).is_some() && of(other) == of(job)).then_some(hop)
            }
        }
    }

    /// Whether the user can make all changes of the way in this place.
    pub(crate) fn can_make(&self, job: &Job, way: &Way) -> bool {
        match self.origin() {
            Origin::Inventory => true,
            Origin::Profiles => {
                let changed = Changed::new(job, &way.changes).job;
                sends_its_durations(&changed)
                    && way.changes.iter().all(|change| is_possible_in_profiles(&changed, change))
            }
            Origin::Workflows => way.changes.iter().all(is_possible_in_workflows),
        }
    }
}

/// Whether tools send the durations of the job's profiles. No tool sends the `duration_seconds` of a profile that
/// presents a token: the session lasts 1h (`shared_config::effects` has the sources).
fn sends_its_durations(changed: &Job) -> bool {
    let first = changed.path.first().and_then(|hop| hop.duration);
    !matches!(changed.source, Source::WebIdentity { .. }) || first.is_none_or(|asked| asked == rules::DEFAULT_DURATION)
}

/// A profile has no key for the other changes. Until when a copied session can assume roles again is not known: the
/// importer writes `session-token` where the file does not say it.
fn is_possible_in_profiles(changed: &Job, change: &Change) -> bool {
    match change {
        Change::Refresh(Refresh::Auto) => !matches!(changed.source, Source::SessionToken { .. }),
        Change::Ask(..)
        | Change::SendNone(_)
        | Change::Drop(_)
        | Change::Renew(_)
        | Change::MaxSession(..)
        | Change::Source(_)
        | Change::Split(_) => true,
        Change::ExchangeForLast | Change::Refresh(_) | Change::Pause(_) | Change::Age(_) => false,
    }
}

/// The action writes the credentials to environment variables once. No SDK renews them, and the action leaves no
/// token file.
fn is_possible_in_workflows(change: &Change) -> bool {
    match change {
        Change::Ask(..)
        | Change::Drop(_)
        | Change::MaxSession(..)
        | Change::ExchangeForLast
        | Change::Age(_)
        | Change::Split(_) => true,
        Change::Source(source) => matches!(source, Source::IamUser { .. }),
        Change::SendNone(_) | Change::Renew(_) | Change::Refresh(_) | Change::Pause(_) => false,
    }
}

//! The fixes of verdicts: the least changes that cover a job, in words for the place that declares the job.

use super::subject::Subject;
use crate::fixes::search::{Changed, MOST_CHANGES, Way, first_ways, shorter_chain};
use crate::fixes::{self, Fix};
use crate::inventory::{Job, Origin, RoleRef, Seconds, Source};
use crate::lease::Verdict;
use crate::lease::rules::{ASSUME_ROLE_RANGE, DEFAULT_MAX_SESSION, LONGEST_SESSION};

impl Subject<'_> {
    /// The fix that raises the role's MaxSessionDuration if it is too low for `wanted`, or not known: to the smallest
    /// value that serves every job that reaches the role directly. A length that nobody declared raises nothing for
    /// other jobs.
    fn raise_to(&self, role: &RoleRef, wanted: Seconds) -> Option<Fix> {
        let longest =
            self.hours_stated(role).unwrap_or_default().max(wanted.rounded_up_to_hours()).min(LONGEST_SESSION);
        match self.max_session(role) {
            Some(max) if wanted <= max => None,
            Some(_) => Some(self.raise_max_session(role, ", which serves its longest direct job", longest)),
            None => {
                Some(self.raise_max_session(role, ", unless it is that long already: its value is not known", longest))
            }
        }
    }

    /// The smallest whole hour that serves every requested duration of a direct hop to the role, and needed + margin
    /// of each job without refresh that ends at this role; `None` if no job reaches the role directly.
    pub(super) fn hours_needed(&self, role: &RoleRef) -> Option<Seconds> {
        self.hours_of(role, |_| true)
    }

    /// The same for the requests, and for the jobs whose length is declared or measured.
    fn hours_stated(&self, role: &RoleRef) -> Option<Seconds> {
        self.hours_of(role, |job| !job.length_from.is_assumed())
    }

    fn hours_of(&self, role: &RoleRef, with_length: impl Fn(&Job) -> bool) -> Option<Seconds> {
        let direct = self.users_of(role).iter().filter(|(job, index)| !job.is_chained(*index));
        let wanted = direct.map(|(job, index)| {
            // A duration that the API refuses for every role does not depend on this role's maximum.
            let requested =
                job.path[*index].duration.filter(|asked| ASSUME_ROLE_RANGE.contains(asked)).unwrap_or_default();
            let alone = index + 1 == job.path.len() && !job.refresh.renews() && with_length(job);
            if alone { requested.max(job.needed() + job.margin) } else { requested }
        });
        wanted.max().map(|longest| longest.rounded_up_to_hours().max(DEFAULT_MAX_SESSION))
    }

    /// The ways that cover the job, the smallest change first; each fix holds all changes of one way.
    pub(super) fn ways(&self, job: &Job) -> Vec<Fix> {
        const MOST: usize = 3;
        let can_make = |way: &Way| self.can_offer(job, way);
        let max_session = |role: &RoleRef| self.max_session_for(job, role).or_else(|| self.of_another(job, role));
        let mut ways = first_ways(job, &max_session, &can_make, MOST);
        // One change of a profile is to cover the job that uses the profile and the job with a copy.
        if let Some(original) = self.job_named(job.name.without_copy()).filter(|_| job.name.is_copy()) {
            let mut shared = first_ways(original, &max_session, &can_make, MOST);
            shared.retain(|way| Changed::new(job, &way.changes).judged(&max_session).verdict == Verdict::Covered);
            ways.retain(|way| shared.iter().all(|other| other.changes != way.changes));
            ways.splice(..0, shared);
        }
        if ways.is_empty() {
            let step = format!(
                "No set of up to {MOST_CHANGES} changes covers this job. Declare another path for it in the inventory."
            );
            return vec![Fix::step(step)];
        }
        // If the length is not declared, declaring it comes before longer sessions.
        let is_assumed = job.length_from.is_assumed() && self.verdict_of(job) != Verdict::Rejected;
        let stated = is_assumed.then(|| fixes::state_timeout(&job.source));
        stated.into_iter().chain(ways.iter().map(|way| self.way(job, way))).take(MOST).collect()
    }

    /// Whether the user can make the changes, and no request of them is as long as a default that nobody declared.
    fn can_offer(&self, job: &Job, way: &Way) -> bool {
        let has_longer_request = || way.changes.iter().any(|change| change.requests_longer(job));
        self.place.can_make(job, way)
            && !(job.length_from.is_assumed() && has_longer_request())
            && self.place.harms_no_other(job, way, &|job, role| self.max_session_for(job, role))
    }

    /// The highest MaxSessionDuration, for a role whose request another profile states: that profile's own finding says
    /// that the maximum is not known. The verdict of a job that depends on nothing else stays unknown.
    fn of_another(&self, job: &Job, role: &RoleRef) -> Option<Seconds> {
        let is_of_another =
            || job.path.split_last().is_some_and(|(_, before)| before.iter().any(|hop| hop.role == *role));
        let applies = self.place.origin() == Origin::Profiles && self.verdict_of(job) != Verdict::Unknown;
        (applies && is_of_another()).then_some(LONGEST_SESSION)
    }

    /// The ways for a job that chains roles. They always include a way with a shorter chain. It is the first where the
    /// job's token is exchanged once, as on GitHub: to renew the token, the job would need a program of its own.
    pub(super) fn ways_of_a_chain(&self, job: &Job) -> Vec<Fix> {
        let mut fixes = self.ways(job);
        let can_make = |way: &Way| self.can_offer(job, way);
        let shorter = shorter_chain(job, &|role| self.max_session_for(job, role), &can_make);
        let shorter = shorter.map(|way| self.way(job, &way));
        let Some(shorter) = shorter else { return fixes };
        fixes.retain(|fix| *fix != shorter);
        let is_first = matches!(job.source, Source::WebIdentity { renewable: false });
        fixes.insert(if is_first { 0 } else { fixes.len() }, shorter);
        fixes
    }

    /// One fix with all changes of a way.
    fn way(&self, job: &Job, way: &Way) -> Fix {
        fixes::describe_way(&self.place, job, way, |role, to| self.raise_to(role, to))
    }
}

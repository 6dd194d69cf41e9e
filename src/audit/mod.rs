//! Is that a problem: from the verdicts and the facts to findings. Pure: no clock, no network, no printing.
//!
//! One file a finding, named by its id; `lasting` and `refused` hold what the two large families share, `waivers` what is
//! accepted for a time. What would mend a verdict is found by `fit` and told by `remedy`.

mod assume_denied;
mod cached_platform_credentials;
mod chain_caps_session;
mod clock_skew;
mod credentials_expired;
mod credentials_invalid;
mod default_duration_too_short;
mod duration_above_chain_cap;
mod duration_above_max_session;
mod duration_out_of_range;
mod expired_token_observed;
mod finding;
mod job_exceeds_any_session;
mod lasting;
mod max_session_drift;
mod max_session_over_provisioned;
mod max_session_too_short;
mod max_session_unknown;
mod max_session_unreachable;
mod not_checked;
mod planned;
mod refresh_slower_than_session;
mod refused;
mod region_disabled;
mod requested_duration_too_short;
mod role_missing;
mod signature_mismatch;
mod source_cannot_assume;
mod source_session_ends_first;
mod thin_margin;
mod waiver_expired;
mod waiver_unused;
mod waivers;

pub use finding::{Evidence, Finding, UNOWNED, Waived};
pub(crate) use planned::notes as planned_notes;
use refused::Refusals;

use std::collections::HashMap;

use crate::facts::{Description, Facts, StepOutcome};
use crate::finding::FindingId;
use crate::fit::{Change, Changed, MOST_CHANGES, Way, first_ways, shorter_chain};
use crate::inventory::{Inventory, Job, Location, Refresh, RoleArn, Seconds};
use crate::lease::rules::{ASSUME_ROLE_RANGE, DEFAULT_MAX_SESSION, LONGEST_SESSION};
use crate::lease::{Judgement, Verdict, judge};
use crate::plan::Plan;
use crate::remedy;
pub use crate::remedy::Remedy;
use crate::templates::{PlannedRole, Setting};

/// Everything that findings are made of.
#[derive(Debug)]
pub struct Subject<'a> {
    /// What people declare.
    pub inventory: &'a Inventory,
    /// The jobs of this run.
    pub jobs: Vec<&'a Job>,
    /// What was to be asked, path by path in the order of `jobs`.
    pub plan: &'a Plan,
    /// What was answered.
    pub facts: &'a Facts,
    /// Today's date in UTC, for waivers.
    pub today: jiff::civil::Date,
    /// The verdicts, in the order of `jobs`.
    pub judgements: Vec<Judgement>,
    /// A filter left jobs out.
    pub filtered: bool,
    /// For each role, the jobs of the whole inventory that have it on their path, each with the hop.
    users: HashMap<&'a RoleArn, Vec<(&'a Job, usize)>>,
    /// For each role, the outcomes of its steps.
    steps: HashMap<&'a RoleArn, Vec<&'a StepOutcome>>,
}

/// The rule of a finding about what is declared, and granted.
type Rule = fn(&Subject<'_>, &mut Vec<Finding>);
/// The rule of a finding about what was refused.
type RefusalRule = fn(&Subject<'_>, &Refusals<'_>, &mut Vec<Finding>);

const RULES: &[Rule] = &[
    duration_out_of_range::find,
    duration_above_max_session::find,
    duration_above_chain_cap::find,
    source_cannot_assume::find,
    chain_caps_session::find,
    max_session_too_short::find,
    default_duration_too_short::find,
    requested_duration_too_short::find,
    job_exceeds_any_session::find,
    source_session_ends_first::find,
    refresh_slower_than_session::find,
    cached_platform_credentials::find,
    thin_margin::find,
    max_session_unknown::find,
    max_session_drift::find,
    max_session_drift::find_planned,
    assume_denied::find_planned,
    role_missing::find_planned,
    waiver_expired::find,
    max_session_over_provisioned::find,
    max_session_unreachable::find,
];

const REFUSAL_RULES: &[RefusalRule] = &[
    assume_denied::find,
    role_missing::find,
    credentials_expired::find,
    credentials_invalid::find,
    signature_mismatch::find,
    clock_skew::find,
    region_disabled::find,
    not_checked::find,
];

impl<'a> Subject<'a> {
    /// Judges the jobs.
    #[must_use]
    pub fn new(
        inventory: &'a Inventory,
        jobs: Vec<&'a Job>,
        plan: &'a Plan,
        facts: &'a Facts,
        today: jiff::civil::Date,
    ) -> Self {
        let filtered = jobs.len() < inventory.jobs.len();
        let mut users: HashMap<&RoleArn, Vec<(&Job, usize)>> = HashMap::new();
        for job in &inventory.jobs {
            for (index, hop) in job.path.iter().enumerate() {
                users.entry(&hop.role).or_default().push((job, index));
            }
        }
        let mut steps: HashMap<&RoleArn, Vec<&StepOutcome>> = HashMap::new();
        for (step, outcome) in plan.steps.iter().zip(&facts.steps) {
            steps.entry(&step.role).or_default().push(outcome);
        }
        let mut subject = Self { inventory, jobs, plan, facts, today, judgements: Vec::new(), filtered, users, steps };
        subject.judgements = subject.jobs.iter().map(|job| judge(job, |role| subject.max_session(role))).collect();
        subject
    }

    /// Every finding, the worst first, in a stable order.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        match &self.facts.observed {
            // Such a run is about the one call; what the jobs' own verdicts say, the scheduled run has told.
            Some(observed) => expired_token_observed::find(self, observed, &mut findings),
            None => {
                let refused = refused::refusals(self);
                RULES.iter().for_each(|rule| rule(self, &mut findings));
                REFUSAL_RULES.iter().for_each(|rule| rule(self, &refused, &mut findings));
                findings.iter_mut().for_each(|finding| self.name_file_of(finding));
            }
        }
        let unused = waivers::apply(self, &mut findings);
        if self.facts.live && !self.filtered && self.is_complete() {
            waiver_unused::find(self, &unused, &mut findings);
            waivers::apply(self, &mut findings);
        }
        findings.iter_mut().filter(|finding| finding.location.is_none()).for_each(|f| f.location = self.location_of(f));
        findings.sort_by(|a, b| a.rank().cmp(&b.rank()));
        findings
    }

    /// Says where a number comes from that is in no account yet, and under which defaults.
    fn name_file_of(&self, finding: &mut Finding) {
        let role = finding.role.as_deref().and_then(|role| RoleArn::parse(role).ok());
        let Some(planned) = role.and_then(|role| self.planned(&role)) else { return };
        let stands_on = finding.evidence.iter().any(|evidence| evidence.source == planned.max_session_from);
        if stands_on && !finding.detail.contains(&planned.max_session_from) {
            finding.detail.push_str(&format!(" The MaxSessionDuration is that of {}.", planned.max_session_from));
        }
    }

    /// Where the role of a finding is declared, or the first job that names it.
    fn location_of(&self, finding: &Finding) -> Option<Location> {
        let role = RoleArn::parse(finding.role.as_deref()?).ok()?;
        let declared = self.inventory.roles.get(&role).and_then(|role| role.location.clone());
        declared.or_else(|| self.users_of(&role).first().map(|(job, _)| job.location.clone()))
    }

    /// The role's MaxSessionDuration: the live one, else the one of the template or plan that defines the role, else the
    /// declared one. One that a template leaves open is not known, whatever is declared.
    #[must_use]
    pub fn max_session(&self, role: &RoleArn) -> Option<Seconds> {
        match (self.facts.max_session(role), self.facts.planned.max_session(role)) {
            (Some(live), _) => Some(live),
            (None, Some(Setting::Known(planned))) => Some(*planned),
            (None, Some(Setting::Unknown(_))) => None,
            (None, None) => self.inventory.roles.get(role)?.max_session_duration,
        }
    }

    fn max_session_source(&self, role: &RoleArn) -> String {
        match (self.facts.max_session(role), self.planned(role)) {
            (Some(_), _) => "IAM GetRole: MaxSessionDuration".to_owned(),
            (None, Some(planned)) => planned.max_session_from.clone(),
            (None, None) => "inventory: max_session_duration".to_owned(),
        }
    }

    /// What a template or a plan says of the role, where one defines it.
    fn planned(&self, role: &RoleArn) -> Option<&'a PlannedRole> {
        self.facts.planned.roles.get(role).filter(|planned| !planned.deleted)
    }

    /// Sets the role's MaxSessionDuration: in the file that defines it, where one does; else the command would be undone
    /// by the next deployment.
    fn set_max_session(&self, role: &RoleArn, why: &str, seconds: Seconds) -> Remedy {
        let remedy = remedy::set_max_session(role, why, seconds);
        match self.planned(role) {
            Some(planned) => {
                let (place, what) = match &planned.terraform {
                    Some(address) => ("the Terraform configuration", format!("max_session_duration of {address}")),
                    None => (planned.from.as_str(), format!("MaxSessionDuration of {}", role.name())),
                };
                let step = format!("In {place}: set {what} to {} ({seconds}){why}.", seconds.0);
                Remedy { step, cli: None, ..remedy }
            }
            None => remedy,
        }
    }

    fn judged(&self) -> impl Iterator<Item = (&'a Job, &Judgement)> {
        self.jobs.iter().copied().zip(&self.judgements)
    }

    /// The jobs of the whole inventory, filtered or not, that have the role on their path, each with its hop there.
    fn users_of(&self, role: &RoleArn) -> &[(&'a Job, usize)] {
        self.users.get(role).map_or(&[], Vec::as_slice)
    }

    /// What became of the steps that were to assume the role.
    pub(crate) fn step_outcomes(&self, role: &RoleArn) -> &[&'a StepOutcome] {
        self.steps.get(role).map_or(&[], Vec::as_slice)
    }

    fn role_finding(&self, id: FindingId, role: &RoleArn) -> Finding {
        let jobs: Vec<&Job> = self.users_of(role).iter().map(|(job, _)| *job).collect();
        let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
        Finding::about_role(id, role, None).owned_by(common_owner(jobs.iter().copied())).evidence(
            "jobs",
            names,
            "inventory",
        )
    }

    /// Raises the role's MaxSessionDuration where it is known to be too low for `wanted`, or not known: to what serves
    /// every job that reaches the role directly.
    fn raise_to(&self, role: &RoleArn, wanted: Seconds) -> Option<Remedy> {
        let longest =
            self.hours_needed(role).unwrap_or_default().max(wanted.rounded_up_to_hours()).min(LONGEST_SESSION);
        match self.max_session(role) {
            Some(max) if wanted <= max => None,
            Some(_) => Some(self.set_max_session(
                role,
                ": enough for the longest job that reaches it directly, and no more",
                longest,
            )),
            None => Some(self.set_max_session(role, ", if it is lower now: it is not known", longest)),
        }
    }

    /// The smallest whole hour, at least one, that serves every requested duration of a direct hop to the role, and
    /// needed + margin of each job without refresh whose last hop it is; `None` where no job reaches it directly.
    fn hours_needed(&self, role: &RoleArn) -> Option<Seconds> {
        let direct = self.users_of(role).iter().filter(|(job, index)| !job.is_chained(*index));
        let wanted = direct.map(|(job, index)| {
            // What the API refuses for every role says nothing of this one's maximum.
            let requested =
                job.path[*index].duration.filter(|asked| ASSUME_ROLE_RANGE.contains(asked)).unwrap_or_default();
            let alone = index + 1 == job.path.len() && job.refresh == Refresh::None;
            if alone { requested.max(job.needed() + job.margin) } else { requested }
        });
        wanted.max().map(|longest| longest.rounded_up_to_hours().max(DEFAULT_MAX_SESSION))
    }

    /// The ways that make the job covered, the least change first; each remedy tells all changes of one. Where there is
    /// none, that.
    fn ways(&self, job: &Job) -> Vec<Remedy> {
        const MOST: usize = 3;
        let ways = first_ways(job, &|role| self.max_session(role), MOST);
        if ways.is_empty() {
            let step =
                format!("No set of up to {MOST_CHANGES} changes makes this job last: declare another path for it.");
            return vec![Remedy::step(step)];
        }
        ways.iter().map(|way| self.way(job, way)).collect()
    }

    /// The same for a job that chains; a way that has a shorter chain is always among them.
    fn ways_of_a_chain(&self, job: &Job) -> Vec<Remedy> {
        let mut remedies = self.ways(job);
        let shorter = shorter_chain(job, &|role| self.max_session(role)).map(|way| self.way(job, &way));
        remedies.extend(shorter.filter(|shorter| !remedies.contains(shorter)));
        remedies
    }

    /// All changes of one way as one remedy.
    fn way(&self, job: &Job, way: &Way) -> Remedy {
        let changed = Changed::new(job, &way.changes);
        let tell = |change: &Change| match change {
            Change::MaxSession(role, to) => self.raise_to(role, *to),
            change => remedy::told(job, &changed, change),
        };
        remedy::together(way.changes.iter().filter_map(tell))
    }

    /// The job's verdict if it were declared so, and its roles were as they are.
    fn verdict_of(&self, job: &Job) -> Verdict {
        judge(job, |role| self.max_session(role)).verdict
    }

    /// Whether the run did all that it set out to do.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        if self.facts.observed.is_some() {
            return true; // It set out to tell of one call, and does.
        }
        let steps = self
            .facts
            .steps
            .iter()
            .any(|step| matches!(step, StepOutcome::Failed(failure) if failure.class.is_unfinished()));
        let described = self
            .facts
            .described
            .values()
            .any(|d| matches!(d, Description::Failed(failure) if failure.class.is_unfinished()));
        let unknown = self.judgements.iter().any(|judgement| judgement.finding == Some(FindingId::MaxSessionUnknown));
        !steps && !described && !unknown
    }
}

/// The owner of the jobs, if they agree.
fn common_owner<'a>(jobs: impl IntoIterator<Item = &'a Job>) -> Option<&'a str> {
    let mut owners = jobs.into_iter().map(|job| job.owner.as_deref());
    let first = owners.next()??;
    owners.all(|owner| owner == Some(first)).then_some(first)
}

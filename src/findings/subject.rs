//! The input of all findings: declared facts, AWS's answers and the verdicts.

use std::collections::{BTreeSet, HashMap};

use super::measured::{MeasuredJob, measured_jobs};
use super::model::Finding;
use super::registry::FindingId;
use crate::facts::{Facts, MaxSessionFrom, StepOutcome};
use crate::findings::evidence::{Fact, Provenance};
use crate::fixes::{self, Fix, FixPlace};
use crate::inventory::{Inventory, Job, JobName, Role, RoleArn, RoleRef, Seconds};
use crate::lease::{Judgement, RoleLimits, Verdict, judge_with};
use crate::plan::Plan;
use crate::templates::{PlannedRole, PlannedSetting};

/// The input of all findings.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The inventory.
    pub inventory: &'a Inventory,
    /// The jobs of this run.
    pub jobs: Vec<&'a Job>,
    /// The planned calls; its paths are in the order of `jobs`.
    pub plan: &'a Plan,
    /// AWS's answers, and the contents of templates and plans.
    pub facts: &'a Facts,
    /// Today's date in UTC, for waivers.
    pub today: jiff::civil::Date,
    /// The verdicts, in the order of `jobs`.
    pub judgements: Vec<Judgement>,
    /// A filter excluded jobs.
    pub filtered: bool,
    /// For each role, the jobs of the whole inventory with the role on their path, and the hop.
    users: HashMap<&'a RoleRef, Vec<(&'a Job, usize)>>,
    /// The jobs of the whole inventory by name.
    by_name: HashMap<&'a str, &'a Job>,
    /// The jobs of the whole inventory by the file that declares them.
    by_file: HashMap<&'a str, &'a [Job]>,
    /// For each role that files of teams use, the MaxSessionDuration on which their declarations agree.
    agreed: HashMap<&'a RoleRef, Option<Seconds>>,
    /// For each role in CloudTrail's records, the longest session that STS granted by its MaxSessionDuration.
    granted: HashMap<&'a str, Seconds>,
    /// The jobs that the run histories measure.
    pub(super) measured: Vec<MeasuredJob<'a>>,
    /// For each role, the outcomes of the calls to assume it.
    outcomes: HashMap<&'a RoleArn, Vec<&'a StepOutcome>>,
    /// Where the jobs and the planned roles are declared.
    pub(crate) place: FixPlace<'a>,
}

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
        let mut users: HashMap<&RoleRef, Vec<(&Job, usize)>> = HashMap::new();
        for job in &inventory.jobs {
            for (index, hop) in job.path.iter().enumerate() {
                users.entry(&hop.role).or_default().push((job, index));
            }
        }
        let mut outcomes: HashMap<&RoleArn, Vec<&StepOutcome>> = HashMap::new();
        for (step, outcome) in plan.steps.iter().zip(&facts.steps) {
            outcomes.entry(&step.role).or_default().push(outcome);
        }
        let measured = measured_jobs(&jobs, facts.measured.as_deref());
        let mut subject = Self {
            inventory,
            jobs,
            measured,
            plan,
            facts,
            today,
            judgements: Vec::new(),
            filtered,
            users,
            by_name: inventory.jobs.iter().map(|job| (job.name.as_str(), job)).collect(),
            by_file: jobs_by_file(inventory),
            agreed: agreed_max_sessions(inventory),
            granted: granted_sessions(facts),
            outcomes,
            place: FixPlace::new(inventory, facts, &plan.path_roles),
        };
        subject.judgements = subject.jobs.iter().map(|job| judge_with(job, &subject.limits_for(job))).collect();
        subject
    }

    /// The role's MaxSessionDuration as it counts for every job: the live value, otherwise the value of the template or
    /// plan that defines the role, otherwise the declared value, where all files that declare one agree. If a template
    /// defines the role without a known value, the value is not known.
    #[must_use]
    pub fn known_max_session(&self, role: &RoleRef) -> Option<(Seconds, MaxSessionFrom)> {
        let agreed = match self.agreed.get(role) {
            Some(agreed) => *agreed,
            None => self.inventory.declared(role).and_then(|role| role.max_session_duration),
        };
        self.known_or(role, agreed)
    }

    /// The same as it counts for one job: a file of a team declares it for its own jobs alone.
    #[must_use]
    pub fn known_max_session_for(&self, job: &Job, role: &RoleRef) -> Option<(Seconds, MaxSessionFrom)> {
        self.known_or(role, self.inventory.declared_for(job, role).and_then(|role| role.max_session_duration))
    }

    fn known_or(&self, role: &RoleRef, declared: Option<Seconds>) -> Option<(Seconds, MaxSessionFrom)> {
        let planned = self.planned(role).map(|planned| &planned.max_session);
        match (self.facts.max_session(role), planned) {
            (Some(live), _) => Some((live, MaxSessionFrom::Iam)),
            (None, Some(PlannedSetting::Known(planned))) => Some((*planned, MaxSessionFrom::Planned)),
            (None, Some(PlannedSetting::Unknown(_))) => None,
            (None, None) => Some((declared?, MaxSessionFrom::Declared)),
        }
    }

    /// The role's MaxSigninSessionDuration, if IAM returned one.
    #[must_use]
    pub fn signin_session(&self, role: &RoleRef) -> Option<Seconds> {
        self.facts.signin_sessions.get(role.arn()?).copied()
    }

    /// The longest session that CloudTrail shows STS to have granted directly for the role.
    #[must_use]
    pub fn granted(&self, role: &RoleRef) -> Option<Seconds> {
        self.granted.get(role.as_str()).copied()
    }

    /// The role's MaxSessionDuration, if known for every job.
    #[must_use]
    pub fn max_session(&self, role: &RoleRef) -> Option<Seconds> {
        self.known_max_session(role).map(|(seconds, _)| seconds)
    }

    /// The role's MaxSessionDuration, if known for this job.
    #[must_use]
    pub fn max_session_for(&self, job: &Job, role: &RoleRef) -> Option<Seconds> {
        self.known_max_session_for(job, role).map(|(seconds, _)| seconds)
    }

    /// The provenance of the role's MaxSessionDuration.
    pub(super) fn max_session_provenance(&self, role: &RoleRef) -> Provenance {
        match (self.known_max_session(role), self.planned(role)) {
            (Some((_, MaxSessionFrom::Iam)), _) => Provenance::Iam("MaxSessionDuration of GetRole"),
            (_, Some(planned)) => Provenance::Planned(planned.max_session_from.clone()),
            (_, None) => Provenance::Inventory("max_session_duration"),
        }
    }

    /// The template or plan that defines the role and does not delete it, if any.
    pub(crate) fn planned(&self, role: &RoleRef) -> Option<&'a PlannedRole> {
        self.facts.planned_role(role).filter(|planned| !planned.deleted)
    }

    /// The fix that raises the role's MaxSessionDuration.
    pub(super) fn raise_max_session(&self, role: &RoleRef, why: &str, seconds: Seconds) -> Fix {
        fixes::raise_max_session(&self.place, role, why, seconds)
    }

    /// The fix that sets the role's MaxSessionDuration back to the declared value, which may be higher.
    pub(super) fn restore_max_session(&self, role: &RoleRef, actual: Seconds, declared: Seconds) -> Fix {
        let set = if declared > actual { fixes::raise_max_session } else { fixes::set_max_session };
        set(&self.place, role, ", if the declared value is the intended one", declared)
    }

    /// The fix that sets the role's MaxSessionDuration.
    pub(super) fn set_max_session(&self, role: &RoleRef, why: &str, seconds: Seconds) -> Fix {
        fixes::set_max_session(&self.place, role, why, seconds)
    }

    /// Each job of the run with its judgement.
    pub(super) fn judged(&self) -> impl Iterator<Item = (&'a Job, &Judgement)> {
        self.jobs.iter().copied().zip(&self.judgements)
    }

    /// The jobs of the whole inventory, filtered or not, with the role on their path, and the hop.
    pub(super) fn users_of(&self, role: &RoleRef) -> &[(&'a Job, usize)] {
        self.users.get(role).map_or(&[], Vec::as_slice)
    }

    /// The jobs of a team's file, selected for this run or not.
    pub(super) fn jobs_of_file(&self, file: &str) -> &'a [Job] {
        self.by_file.get(file).copied().unwrap_or_default()
    }

    /// The job of this name, selected for this run or not.
    pub(super) fn job_named(&self, name: &str) -> Option<&'a Job> {
        self.by_name.get(name).copied()
    }

    /// A declared MaxSessionDuration of the role that is not this one: of the platform's file, else of the first job's
    /// file that states another.
    pub(super) fn declared_otherwise(&self, role: &RoleRef, actual: Seconds) -> Option<Seconds> {
        let differs = |role: &Role| role.max_session_duration.filter(|declared| *declared != actual);
        let of_teams = self.users_of(role).iter().filter(|_| !self.inventory.teams.is_empty());
        let mut of_teams = of_teams.filter_map(|(job, _)| self.inventory.declared_for(job, role));
        self.inventory.declared(role).and_then(differs).or_else(|| of_teams.find_map(differs))
    }

    /// The details of a role as they count for one job: a file of a team declares them for its own jobs alone.
    pub(super) fn details_for(&self, job: &Job, role: &RoleArn) -> Role {
        let declared = self.inventory.declared_for(job, &RoleRef::from(role));
        declared.cloned().unwrap_or_else(|| Role::bare(role.clone()))
    }

    /// The outcomes of the calls to assume the role.
    pub(crate) fn step_outcomes(&self, role: &RoleRef) -> &[&'a StepOutcome] {
        role.arn().and_then(|arn| self.outcomes.get(arn)).map_or(&[], Vec::as_slice)
    }

    /// A finding about a role, with the jobs that use it.
    pub(super) fn role_finding(&self, id: FindingId, role: &RoleRef) -> Finding {
        let jobs: Vec<&Job> = self.users_of(role).iter().map(|(job, _)| *job).collect();
        let names: Vec<JobName> = jobs.iter().map(|job| job.name.clone()).collect();
        Finding::about_role(id, role.clone(), None)
            .owned_by_each(jobs.iter().copied())
            .evidence(Fact::Jobs(names), Provenance::WholeInventory)
    }

    fn limits_for<'s>(&'s self, job: &'s Job) -> LimitsFor<'s, 'a> {
        LimitsFor { subject: self, job }
    }

    /// The verdict of this declaration of the job with the current roles.
    pub(super) fn verdict_of(&self, job: &Job) -> Verdict {
        judge_with(job, &self.limits_for(job)).verdict
    }
}

/// The jobs of each file, which are one after the other.
fn jobs_by_file(inventory: &Inventory) -> HashMap<&str, &[Job]> {
    let files = inventory.jobs.chunk_by(|a, b| a.location.file == b.location.file);
    files.filter_map(|jobs| Some((&*jobs.first()?.location.file, jobs))).collect()
}

/// For each role that files of teams use, the declared MaxSessionDuration; `None` where none is declared, or they
/// differ.
fn agreed_max_sessions(inventory: &Inventory) -> HashMap<&RoleRef, Option<Seconds>> {
    let mut declared: HashMap<&RoleRef, BTreeSet<Seconds>> = HashMap::new();
    if inventory.teams.is_empty() {
        return HashMap::new();
    }
    for job in &inventory.jobs {
        for hop in &job.path {
            let role = inventory.declared_for(job, &hop.role);
            declared.entry(&hop.role).or_default().extend(role.and_then(|role| role.max_session_duration));
        }
    }
    let only = |values: BTreeSet<Seconds>| values.first().copied().filter(|_| values.len() == 1);
    declared.into_iter().map(|(role, values)| (role, only(values))).collect()
}

/// For each role, the longest session that STS granted by its MaxSessionDuration, as CloudTrail recorded it.
fn granted_sessions(facts: &Facts) -> HashMap<&str, Seconds> {
    let mut longest: HashMap<&str, Seconds> = HashMap::new();
    for session in facts.trail.iter().flat_map(|trail| &trail.sessions) {
        let granted = session.granted_by_its_role().and_then(|seconds| u64::try_from(seconds).ok()).map(Seconds);
        if let (Some(role), Some(granted)) = (session.role.as_deref(), granted) {
            let known = longest.entry(role).or_default();
            *known = granted.max(*known);
        }
    }
    longest
}

/// The settings of roles as one job's file declares them and AWS returned them.
struct LimitsFor<'s, 'a> {
    subject: &'s Subject<'a>,
    job: &'s Job,
}

impl RoleLimits for LimitsFor<'_, '_> {
    fn max_session(&self, role: &RoleRef) -> Option<Seconds> {
        self.subject.max_session_for(self.job, role)
    }

    fn granted(&self, role: &RoleRef) -> Option<Seconds> {
        self.subject.granted(role)
    }

    fn max_signin_session(&self, role: &RoleRef) -> Option<Seconds> {
        self.subject.signin_session(role)
    }
}

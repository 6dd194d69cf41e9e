//! The changes of workflows: `role-duration-seconds` of a login, or `timeout-minutes` of a job that states none.

use std::collections::{BTreeMap, BTreeSet};

use super::proposals::{Proposal, is_covered};
use super::{Fixable, MaxSession, NotFixed, Proposed, TextFile, WhyNot};
use crate::fixes::search::{Change, sufficient_requests};
use crate::import::github_workflow::{Edit, NotEdited, Workflow, has_other_workflows, import_with, text_change};
use crate::import::{Imported, Variables};
use crate::inventory::{Job, JobName, LengthFrom, Location, Seconds};
use crate::lease::{Verdict, judge};

/// The note about a new `timeout-minutes`.
const OF_TIMEOUTS: &str = "GitHub cancels a run of this job that takes longer: keep the line only if every run is \
                           shorter";

/// Workflow files and their jobs.
pub(in crate::cli) struct Workflows {
    pub(in crate::cli) files: Vec<Workflow>,
    /// The actions and workflows that they use.
    pub(in crate::cli) used: Vec<Workflow>,
    pub(in crate::cli) variables: Variables,
    pub(in crate::cli) jobs: Vec<Job>,
    /// The jobs that may be fixed. None of the others may be worse after a change.
    pub(in crate::cli) selected: BTreeSet<JobName>,
    /// The jobs with one login alone.
    pub(in crate::cli) single_logins: BTreeSet<JobName>,
}

impl Fixable for Workflows {
    fn noun(&self) -> &'static str {
        "login"
    }

    fn files(&self) -> Vec<TextFile> {
        let file = |file: &Workflow| TextFile { name: file.name.clone(), text: file.text.clone() };
        self.files.iter().chain(&self.used).map(file).collect()
    }

    fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    fn proposals(&self, max_session: MaxSession<'_>) -> Proposed {
        let mut by_login: BTreeMap<(&str, usize), Vec<&Job>> = BTreeMap::new();
        for job in &self.jobs {
            let Location { file, line, .. } = &job.location;
            by_login.entry((file, *line)).or_default().push(job);
        }
        let mut proposed = Proposed::default();
        for jobs in by_login.into_values() {
            if jobs.iter().all(|job| is_covered(job, max_session) || !self.selected.contains(&job.name)) {
                continue;
            }
            let Some(at) = jobs.first().map(|job| job.location.clone()) else { continue };
            match self.proposal(&at, &jobs, max_session) {
                Ok(proposal) => proposed.proposals.push(proposal),
                Err(why) => {
                    let open = jobs.iter().filter(|job| !is_covered(job, max_session));
                    let jobs = open.map(|job| job.name.clone()).collect();
                    proposed.without.push(NotFixed { at, jobs, why });
                }
            }
        }
        proposed
    }

    fn with_texts(&self, texts: Vec<String>) -> Option<Box<dyn Fixable>> {
        let mut texts = texts.into_iter();
        let mut file = |file: &Workflow| Some(Workflow { name: file.name.clone(), text: texts.next()? });
        let files: Vec<Workflow> = self.files.iter().map(&mut file).collect::<Option<_>>()?;
        let used: Vec<Workflow> = self.used.iter().map(&mut file).collect::<Option<_>>()?;
        let Imported { inventory, single_logins, .. } = import_with(&files, &used, &self.variables);
        let (variables, selected) = (self.variables.clone(), self.selected.clone());
        Some(Box::new(Self { files, used, variables, jobs: inventory.jobs, selected, single_logins }))
    }
}

impl Workflows {
    /// The change of a login, if all its jobs that are not covered need the same.
    fn proposal(&self, at: &Location, jobs: &[&Job], max_session: MaxSession<'_>) -> Result<Proposal, WhyNot> {
        let mut files = self.files.iter().chain(&self.used).enumerate();
        let (index, changed) = files.find(|(_, known)| known.name == *at.file).ok_or(WhyNot::NoSingleChange)?;
        let open = jobs.iter().filter(|job| !is_covered(job, max_session));
        let edits: BTreeSet<Option<Edit>> = open.map(|job| self.only_edit(job, max_session)).collect();
        let edit = edits.first().copied().flatten().filter(|_| edits.len() == 1).ok_or(WhyNot::NoSingleChange)?;
        // A file that was not named is used by others: all of them must be among the workflows that are judged again.
        if index >= self.files.len() && has_other_workflows(changed, &self.files) {
            return Err(WhyNot::OtherUsers);
        }
        let change = text_change(changed, at.line, edit).map_err(|why| match why {
            NotEdited::NotLiteral => WhyNot::NotLiteral,
            NotEdited::InAction | NotEdited::StatesLonger => WhyNot::NoSingleChange,
            NotEdited::StepsBefore => WhyNot::StepsBefore,
        })?;
        Ok(Proposal {
            file: index,
            change,
            jobs: jobs.iter().map(|job| job.name.clone()).collect(),
            at: at.clone(),
            note: matches!(edit, Edit::Timeout(_)).then_some(OF_TIMEOUTS),
        })
    }

    /// The change that covers the job, if there is exactly one.
    fn only_edit(&self, job: &Job, max_session: MaxSession<'_>) -> Option<Edit> {
        let judgement = judge(job, max_session);
        if judgement.verdict == Verdict::Unknown {
            // It is not known whether the role grants the request.
            return None;
        }
        let last = job.path.len().checked_sub(1)?;
        let request = |(hop, seconds): (usize, Seconds)| (hop == last).then_some(Edit::RoleDuration(seconds.0));
        // GitHub's default timeout is no reason for a longer session.
        let by_default = |(hop, seconds): &(usize, Seconds)| {
            job.length_from.is_assumed() && Change::Ask(*hop, *seconds).requests_longer(job)
        };
        let requests = sufficient_requests(job, max_session).into_iter().filter(|request| !by_default(request));
        let mut edits: Vec<Option<Edit>> = requests.map(request).collect();
        if let (LengthFrom::Assumed, Some(lease)) = (job.length_from, judgement.lease) {
            let minutes = lease.0.saturating_sub(job.margin.0 + job.age.0) / 60;
            let stated = Job { length: Seconds::minutes(minutes), ..job.clone() };
            let helps = minutes > 0 && self.single_logins.contains(&job.name) && is_covered(&stated, max_session);
            edits.extend(helps.then_some(Some(Edit::Timeout(minutes))));
        }
        match edits[..] {
            [edit] => edit,
            _ => None,
        }
    }
}

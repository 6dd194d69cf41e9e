//! The runs of a declared job, by its `measured_by`.

use wildmatch::WildMatch;

use super::{HistoryKind, JobRuns, RunHistory};

/// The runs that measure a job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeasuredBy {
    /// The kind of the history.
    pub kind: HistoryKind,
    /// The name of the job in the history: a glob.
    pub name: String,
    /// Where the job is: a glob of scopes; `None`: the history has the name in one scope only.
    pub scope: Option<String>,
}

/// The runs that `measured_by` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TiedRuns {
    /// The history has no such job.
    None,
    /// The history has the name in these scopes, and `measured_by` does not say which counts.
    Ambiguous(Vec<Option<String>>),
    /// The runs, those of several names together.
    Runs(Box<JobRuns>),
}

impl MeasuredBy {
    /// The kind and the name, such as `codebuild nightly-etl`.
    #[must_use]
    pub fn describe(&self) -> String {
        let scope = self.scope.as_ref().map(|scope| format!(" in {scope}")).unwrap_or_default();
        format!("{} {}{scope}", self.kind.as_str(), self.name)
    }
}

impl RunHistory {
    /// The runs that measure a job.
    #[must_use]
    pub fn runs_of(&self, tie: &MeasuredBy) -> TiedRuns {
        let in_scope = |job: &&JobRuns| match (&tie.scope, &job.scope) {
            (None, _) => true,
            (Some(glob), Some(scope)) => WildMatch::new(glob).matches(scope),
            (Some(_), None) => false,
        };
        // A job can have such a name itself.
        let is_glob = tie.name.contains(['*', '?']) && self.named(tie.kind, &tie.name).next().is_none();
        let glob = WildMatch::new(&tie.name);
        let found: Vec<&JobRuns> = if is_glob {
            let matches = |job: &&JobRuns| job.kind == tie.kind && glob.matches(&job.name) && in_scope(job);
            self.jobs.iter().filter(matches).collect()
        } else {
            self.named(tie.kind, &tie.name).filter(in_scope).collect()
        };
        let mut scopes: Vec<Option<String>> = found.iter().map(|job| job.scope.clone()).collect();
        scopes.sort();
        scopes.dedup();
        let Some((first, others)) = found.split_first() else { return TiedRuns::None };
        if tie.scope.is_none() && scopes.len() > 1 {
            return TiedRuns::Ambiguous(scopes);
        }
        let mut runs = (*first).clone();
        runs.name.clone_from(&tie.name);
        others.iter().for_each(|other| runs.merge(other));
        TiedRuns::Runs(Box::new(runs))
    }
}

//! The jobs of run histories, each with the lengths of its runs.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::run::Cut;
use super::{HistoryKind, Outcome, Run};
use crate::inventory::Seconds;

/// The run histories of one or several files.
#[derive(Debug, Clone, Default)]
pub struct RunHistory {
    /// The number of files.
    pub files: usize,
    /// The jobs, by kind, name and scope.
    pub jobs: Vec<JobRuns>,
    /// The files that could not be read.
    pub not_read: Vec<NotRead>,
    /// The files whose history is not whole, each with the reason.
    pub not_whole: Vec<NotRead>,
    /// The jobs by kind and name.
    by_name: HashMap<(HistoryKind, String), Vec<usize>>,
}

/// A file that could not be read, or whose history is not whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotRead {
    /// The file.
    pub file: String,
    /// Why, with the place.
    pub reason: String,
}

/// The runs of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRuns {
    /// The kind of the history.
    pub kind: HistoryKind,
    /// The name of the job.
    pub name: String,
    /// Where the job is; `None`: the history does not say.
    pub scope: Option<String>,
    /// The lengths of the runs that succeeded, the shortest first.
    pub lengths: Vec<Seconds>,
    /// The runs that were cut short, by reason.
    pub cut_short: CutShort,
    /// The runs that go on.
    pub running: usize,
    /// When the first of them started, in milliseconds since 1970.
    pub running_since: Option<i64>,
    /// The runs that never started.
    pub not_run: usize,
    /// The first start and the last end of the runs that ended, in milliseconds since 1970.
    pub window: Option<(i64, i64)>,
}

/// The number of runs that were cut short, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CutShort {
    /// They failed.
    pub failed: usize,
    /// They reached their timeout.
    pub timed_out: usize,
    /// They were stopped.
    pub stopped: usize,
    /// They continued an earlier run.
    pub redriven: usize,
    /// Their status or their length is not known.
    pub unknown: usize,
    /// The longest of them: the job needs at least as long in such a run.
    pub longest: Option<Seconds>,
}

impl CutShort {
    /// The number of all.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.failed + self.timed_out + self.stopped + self.redriven + self.unknown
    }

    fn add(&mut self, cut: Cut, length: Option<Seconds>) {
        match cut {
            Cut::Failed => self.failed += 1,
            Cut::TimedOut => self.timed_out += 1,
            Cut::Stopped => self.stopped += 1,
            Cut::Redriven => self.redriven += 1,
            Cut::Unknown => self.unknown += 1,
        }
        self.longest = self.longest.max(length);
    }

    fn merge(&mut self, other: &Self) {
        self.failed += other.failed;
        self.timed_out += other.timed_out;
        self.stopped += other.stopped;
        self.redriven += other.redriven;
        self.unknown += other.unknown;
        self.longest = self.longest.max(other.longest);
    }
}

impl JobRuns {
    const fn new(kind: HistoryKind, name: String, scope: Option<String>) -> Self {
        let cut_short = CutShort { failed: 0, timed_out: 0, stopped: 0, redriven: 0, unknown: 0, longest: None };
        Self {
            kind,
            name,
            scope,
            lengths: Vec::new(),
            cut_short,
            running: 0,
            running_since: None,
            not_run: 0,
            window: None,
        }
    }

    fn add(&mut self, run: &Run) {
        match run.outcome {
            Outcome::Succeeded => match run.length {
                Some(length) => self.lengths.push(length),
                None => self.cut_short.add(Cut::Unknown, None),
            },
            Outcome::CutShort(cut) => self.cut_short.add(cut, run.length),
            Outcome::Running => {
                self.running += 1;
                self.running_since = self.running_since.into_iter().chain(run.start).min();
            }
            Outcome::NotRun => self.not_run += 1,
        }
        if let (Outcome::Succeeded | Outcome::CutShort(_), Some(start), Some(end)) = (run.outcome, run.start, run.end) {
            self.extend_window((start, end));
        }
    }

    fn extend_window(&mut self, (start, end): (i64, i64)) {
        let (first, last) = self.window.unwrap_or((start, end));
        self.window = Some((first.min(start), last.max(end)));
    }

    /// Adds the runs of another job: a glob can match several, such as the rows of a matrix.
    pub(super) fn merge(&mut self, other: &Self) {
        self.lengths.extend(&other.lengths);
        self.lengths.sort_unstable();
        self.cut_short.merge(&other.cut_short);
        self.running += other.running;
        self.running_since = self.running_since.into_iter().chain(other.running_since).min();
        self.not_run += other.not_run;
        other.window.into_iter().for_each(|window| self.extend_window(window));
    }

    /// The days of the window in UTC, such as `2026-11-01 to 2026-11-30`.
    #[must_use]
    pub fn days(&self) -> Option<String> {
        let day = |milliseconds| Some(Timestamp::from_millisecond(milliseconds).ok()?.to_zoned(TimeZone::UTC).date());
        let (from, to) = self.window?;
        Some(format!("{} to {}", day(from)?, day(to)?))
    }

    /// The number of runs that ended.
    #[must_use]
    pub const fn runs(&self) -> usize {
        self.lengths.len() + self.cut_short.count()
    }

    /// The median of the runs that succeeded; of an even number, the mean of the two in the middle, rounded up.
    #[must_use]
    pub fn median(&self) -> Option<Seconds> {
        let upper = self.lengths.get(self.lengths.len() / 2)?;
        let lower = self.lengths.get((self.lengths.len() - 1) / 2)?;
        Some(Seconds(lower.0 + (upper.0 - lower.0).div_ceil(2)))
    }

    /// The 95th percentile of the runs that succeeded, by nearest rank: at least 95 % of them are not longer.
    #[must_use]
    pub fn percentile_95(&self) -> Option<Seconds> {
        let rank = (self.lengths.len() * 95).div_ceil(100);
        self.lengths.get(rank.checked_sub(1)?).copied()
    }

    /// The longest run that succeeded.
    #[must_use]
    pub fn longest(&self) -> Option<Seconds> {
        self.lengths.last().copied()
    }

    /// Whether the history may lack a longer run: the length of a run is not known, or a run that still goes on has
    /// already lasted longer than this at the end of the window.
    #[must_use]
    pub fn may_be_longer_than(&self, length: Seconds) -> bool {
        let lasts_longer = |(_, end): (i64, i64)| {
            self.running_since.is_some_and(|start| super::run::seconds_between(start, end) > length)
        };
        self.cut_short.unknown > 0 || self.window.is_some_and(lasts_longer)
    }

    /// The longest run that was cut short, where no run that succeeded was as long.
    #[must_use]
    pub fn longer_cut_short(&self) -> Option<Seconds> {
        self.cut_short.longest.filter(|cut| self.longest().is_none_or(|longest| *cut > longest))
    }

    /// A length to declare: the longest run and 20 %, rounded up to five minutes. A run that was cut short counts if it
    /// was longer. `None`: no run succeeded, so that nothing shows how long the job needs.
    #[must_use]
    pub fn proposed_length(&self) -> Option<Seconds> {
        const STEP: u64 = 5 * 60;
        let longest = self.longest()?.max(self.cut_short.longest.unwrap_or_default());
        Some(Seconds(longest.0.saturating_mul(6).div_ceil(5).div_ceil(STEP).max(1).saturating_mul(STEP)))
    }
}

impl RunHistory {
    /// The history of these runs, each given once.
    #[must_use]
    pub fn new(runs: impl IntoIterator<Item = Run>) -> Self {
        let mut jobs: BTreeMap<(HistoryKind, String, Option<String>), JobRuns> = BTreeMap::new();
        for run in runs {
            let key = (run.kind, run.job.clone(), run.scope.clone());
            let job = jobs.entry(key);
            job.or_insert_with(|| JobRuns::new(run.kind, run.job.clone(), run.scope.clone())).add(&run);
        }
        let mut jobs: Vec<JobRuns> = jobs.into_values().collect();
        let mut by_name: HashMap<(HistoryKind, String), Vec<usize>> = HashMap::new();
        for (at, job) in jobs.iter_mut().enumerate() {
            job.lengths.sort_unstable();
            by_name.entry((job.kind, job.name.clone())).or_default().push(at);
        }
        Self { jobs, by_name, ..Self::default() }
    }

    /// The jobs of this kind and name.
    pub(super) fn named(&self, kind: HistoryKind, name: &str) -> impl Iterator<Item = &JobRuns> {
        self.by_name.get(&(kind, name.to_owned())).into_iter().flatten().map(|at| &self.jobs[*at])
    }

    /// The number of runs that ended.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.jobs.iter().map(JobRuns::runs).sum()
    }
}

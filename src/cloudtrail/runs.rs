//! Runs: a session with all sessions that renew it, one after the other. The length of a run is a lower bound:
//! CloudTrail records few data events, so a session may have been used after the last call that it shows.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use super::model::{PathOrigin, RefusedRequest, Session};
use super::time::Seconds;
use crate::{inventory, visible};

/// A session with all sessions that renew it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRun {
    /// The sessions, by their index, in the order of issue.
    pub sessions: Vec<usize>,
    /// The first issue.
    pub first_issue: Seconds,
    /// The last call of any of its sessions.
    pub last_use: Option<Seconds>,
    /// The end of the session that was issued last.
    pub end: Option<Seconds>,
}

impl SessionRun {
    /// From the first issue to the last use.
    #[must_use]
    pub fn length(&self) -> Option<Seconds> {
        self.last_use.map(|last| (last - self.first_issue).max(0))
    }

    /// From the last use to the end.
    #[must_use]
    pub fn headroom(&self) -> Option<Seconds> {
        Some(self.end? - self.last_use?)
    }
}

/// The runs of the sessions, by their first issue.
#[must_use]
pub fn runs(sessions: &[Session]) -> Vec<SessionRun> {
    let mut runs: Vec<SessionRun> = Vec::new();
    let mut of_session: Vec<usize> = Vec::with_capacity(sessions.len());
    for (at, session) in sessions.iter().enumerate() {
        let known = session.renewed.filter(|earlier| *earlier < at).map(|earlier| of_session[earlier]);
        let number = known.unwrap_or_else(|| {
            runs.push(SessionRun { sessions: Vec::new(), first_issue: session.issued_at, last_use: None, end: None });
            runs.len() - 1
        });
        let run = &mut runs[number];
        run.sessions.push(at);
        run.last_use = run.last_use.max(session.last_used);
        run.end = session.expires_at;
        of_session.push(number);
    }
    runs
}

/// How sessions are reached: their source and roles.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathKey {
    /// The source.
    pub source: PathOrigin,
    /// The AWS service of the source.
    pub service: Option<Arc<str>>,
    /// The roles.
    pub roles: Arc<[Arc<str>]>,
}

impl PathKey {
    /// The path of a session.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        Self { source: session.source, service: session.service.clone(), roles: session.path.clone() }
    }
}

impl fmt::Display for PathKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.source {
            PathOrigin::Unknown => "unknown source",
            known => known.as_str(),
        })?;
        if let Some(service) = &self.service {
            write!(f, " ({})", visible::line(service))?;
        }
        self.roles.iter().try_for_each(|role| write!(f, " > {}", visible::line(role)))
    }
}

/// The longest run of a path; of equal runs, the one with the least headroom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongestRun {
    /// Its length.
    pub length: Seconds,
    /// Its headroom.
    pub headroom: Option<Seconds>,
    /// Its session with the shortest lifetime, by its index.
    pub session: usize,
}

impl LongestRun {
    fn new(run: &SessionRun, sessions: &[Session]) -> Option<Self> {
        let lifetime = |at: &&usize| sessions[**at].granted_seconds.unwrap_or(i64::MAX);
        let session = *run.sessions.iter().min_by_key(lifetime)?;
        Some(Self { length: run.length()?, headroom: run.headroom(), session })
    }

    /// Its length.
    #[must_use]
    pub fn seconds(&self) -> inventory::Seconds {
        inventory::Seconds(u64::try_from(self.length).unwrap_or_default())
    }

    fn rank(&self) -> (Seconds, Reverse<Seconds>) {
        (self.length, Reverse(self.headroom.unwrap_or(Seconds::MAX)))
    }
}

/// What all sessions of a path show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathSummary {
    /// The number of sessions.
    pub sessions: usize,
    /// The number of runs.
    pub runs: usize,
    /// The number of sessions that renew another.
    pub renewals: usize,
    /// The longest run; `None`: no session was used.
    pub longest_run: Option<LongestRun>,
    /// The shortest lifetime that was granted.
    pub shortest_lease: Option<i64>,
    /// The longest lifetime that was granted.
    pub longest_lease: Option<i64>,
    /// The smallest headroom of a run.
    pub headroom: Option<Seconds>,
    /// The requests for the path's last role that STS refused.
    pub refused: usize,
}

/// What the sessions of each path show.
#[must_use]
pub fn paths(sessions: &[Session], refused: &[RefusedRequest]) -> BTreeMap<PathKey, PathSummary> {
    let mut paths: BTreeMap<PathKey, PathSummary> = BTreeMap::new();
    for run in runs(sessions) {
        let Some(first) = run.sessions.first() else { continue };
        let path = paths.entry(PathKey::of(&sessions[*first])).or_default();
        path.sessions += run.sessions.len();
        path.renewals += run.sessions.len() - 1;
        path.runs += 1;
        let longest = path.longest_run.into_iter().chain(LongestRun::new(&run, sessions));
        path.longest_run = longest.max_by_key(LongestRun::rank);
        path.headroom = least(path.headroom, run.headroom());
        for session in &run.sessions {
            let granted = sessions[*session].granted_seconds;
            path.shortest_lease = least(path.shortest_lease, granted);
            path.longest_lease = path.longest_lease.max(granted);
        }
    }
    let mut refused_of_role: HashMap<&str, usize> = HashMap::new();
    for role in refused.iter().filter_map(|refused| refused.role.as_deref()) {
        *refused_of_role.entry(role).or_default() += 1;
    }
    for (key, path) in &mut paths {
        let count = key.roles.last().and_then(|role| refused_of_role.get(&**role));
        path.refused = count.copied().unwrap_or_default();
    }
    paths
}

fn least(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

//! Makes sessions of issues and calls: which session each call belongs to, and which session requested which.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::caller::{CallerId, RecordCaller};
use super::collect::{Collected, Counted, Issue, IssueOperation, PARTS, SessionCall};
use super::threads::result_of;
use super::time::Seconds;

/// A call counts as a use up to this long after the session's end: clocks and records are not exact.
const AFTER_END: Seconds = 15 * 60;

/// How many issues of one principal and second are kept: a call belongs to the first that it did not make itself.
const MOST_OF_PRINCIPAL: usize = 2;

/// Issues without copies, in the order of sessions, and what the calls say of them.
#[derive(Debug)]
pub(super) struct Joined {
    /// The callers, in a stable order.
    pub(super) callers: Vec<RecordCaller>,
    /// The issues, by time and access key.
    pub(super) issues: Vec<Issue>,
    /// The session that requested each issue.
    pub(super) parents: Vec<Option<Target>>,
    /// The ARN of each issued session.
    pub(super) principals: Vec<Option<Box<str>>>,
    /// The calls of each issued session.
    pub(super) uses: Vec<SessionCalls>,
    /// The sessions without an issue.
    pub(super) groups: Vec<Group>,
}

/// A session: issued in the window, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// An issue, by its index.
    Issue(usize),
    /// A session without an issue, by its index.
    Group(usize),
}

/// The calls of a session.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SessionCalls {
    pub(super) span: Option<(u32, u32)>,
    pub(super) calls: u64,
    pub(super) console: bool,
}

impl SessionCalls {
    fn add(&mut self, at: u32, console: bool) {
        self.merge(&Self { span: Some((at, at)), calls: 1, console });
    }

    fn add_counted(&mut self, counted: &Counted, console: bool) {
        let Counted { first, last, calls, .. } = *counted;
        self.merge(&Self { span: Some((first, last)), calls, console });
    }

    fn merge(&mut self, other: &Self) {
        self.span = match (self.span, other.span) {
            (Some((first, last)), Some((from, to))) => Some((first.min(from), last.max(to))),
            (one, two) => one.or(two),
        };
        self.calls += other.calls;
        self.console |= other.console;
    }
}

/// A session without an issue: all keys of one principal id and time of issue.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub(super) uses: SessionCalls,
    /// Its callers, in the stable order.
    pub(super) callers: Vec<CallerId>,
    /// Whether a record opens it.
    pub(super) is_open: bool,
    /// The time of the first record with a key, and the caller with that key.
    first_key: Option<(u32, CallerId)>,
}

impl Group {
    fn note_key(&mut self, at: u32, caller: CallerId, callers: &[RecordCaller]) {
        let key = |caller: CallerId| callers[caller as usize].access_key_id.as_deref();
        let new = (at, key(caller));
        if new.1.is_some() && self.first_key.is_none_or(|(first, known)| new < (first, key(known))) {
            self.first_key = Some((at, caller));
        }
    }

    pub(super) fn access_key_id<'a>(&self, callers: &'a [RecordCaller]) -> Option<&'a str> {
        callers[self.first_key?.1 as usize].access_key_id.as_deref()
    }
}

/// Joins everything that was read.
pub(super) fn join(mut collected: Collected, threads: usize) -> (Joined, Vec<super::collect::RefusedCall>) {
    let (callers, ranks) = std::mem::take(&mut collected.callers).into_sorted();
    let mut issues = std::mem::take(&mut collected.issues);
    let mut refusals = std::mem::take(&mut collected.refusals);
    issues.iter_mut().for_each(|issue| issue.caller = ranks[issue.caller as usize]);
    refusals.iter_mut().for_each(|refusal| refusal.caller = ranks[refusal.caller as usize]);
    issues.sort_unstable_by_key(|issue| issue.copy);
    issues.dedup_by_key(|issue| issue.copy.id);
    refusals.sort_unstable_by_key(|refusal| refusal.copy);
    refusals.dedup_by_key(|refusal| refusal.copy.id);
    issues.sort_unstable_by(|a, b| {
        (a.at, &a.access_key_id, a.copy.knows_less, &a.event_id).cmp(&(
            b.at,
            &b.access_key_id,
            b.copy.knows_less,
            &b.event_id,
        ))
    });
    issues.dedup_by(|later, first| (later.at, &later.access_key_id) == (first.at, &first.access_key_id));

    let principals: Vec<_> = issues.iter().map(|issue| principal(issue, &callers[issue.caller as usize])).collect();
    let index = Index::new(&callers, &issues, &principals);
    let (uses, mut groups) = tally(&mut collected, &ranks, &callers, &issues, &index, threads);
    let parents: Vec<Option<Target>> = issues.iter().map(|issue| index.parent(issue, &issues)).collect();
    for parent in &parents {
        if let Some(Target::Group(group)) = parent {
            groups[*group].is_open = true;
        }
    }
    for (caller, group) in index.groups.iter().enumerate() {
        if let Some(group) = group {
            groups[*group].callers.push(CallerId::try_from(caller).unwrap_or(CallerId::MAX));
        }
    }
    (Joined { principals, parents, uses, groups, issues, callers }, refusals)
}

/// The ARN of an issued session.
fn principal(issue: &Issue, caller: &RecordCaller) -> Option<Box<str>> {
    if let Some(stated) = &issue.principal {
        return Some(stated.clone());
    }
    match issue.operation {
        IssueOperation::SessionToken => caller.arn.clone(),
        IssueOperation::AssumeRoot => {
            let target = issue.target.as_deref()?;
            let partition = caller.arn.as_deref().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws");
            Some(if target.starts_with("arn:") {
                target.into()
            } else {
                format!("arn:{partition}:iam::{target}:root").into()
            })
        }
        IssueOperation::AssumeRole
        | IssueOperation::WithWebIdentity
        | IssueOperation::WithSaml
        | IssueOperation::FederationToken => {
            let mut parts = issue.role.as_deref()?.splitn(6, ':');
            let (partition, account) = (parts.nth(1)?, parts.nth(2)?);
            let name = parts.next()?.rsplit('/').next()?;
            Some(format!("arn:{partition}:sts::{account}:assumed-role/{name}/{}", issue.name.as_deref()?).into())
        }
    }
}

/// Finds the session of a call.
struct Index {
    /// For each caller, the issues of its access key, by time. Callers with one key share them.
    keys: Vec<Option<Arc<[usize]>>>,
    /// For each caller, the first issues of its principal at its time of issue, by key.
    principals: Vec<Vec<usize>>,
    /// For each caller, the session without an issue.
    groups: Vec<Option<usize>>,
    /// The number of sessions without an issue.
    group_count: usize,
}

impl Index {
    fn new(callers: &[RecordCaller], issues: &[Issue], principals: &[Option<Box<str>>]) -> Self {
        let mut by_key: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut by_principal: HashMap<(&str, Seconds), Vec<usize>> = HashMap::new();
        for (at, (issue, principal)) in issues.iter().zip(principals).enumerate() {
            by_key.entry(&issue.access_key_id).or_default().push(at);
            for name in [principal, &issue.assumed_role_id].into_iter().flatten() {
                let first = by_principal.entry((name, issue.at)).or_default();
                if first.len() < MOST_OF_PRINCIPAL && first.last() != Some(&at) {
                    first.push(at);
                }
            }
        }
        let by_key: HashMap<&str, Arc<[usize]>> =
            by_key.into_iter().map(|(key, issues)| (key, issues.into())).collect();
        let mut by_group: BTreeMap<(&str, Seconds), usize> = BTreeMap::new();
        let (mut keys, mut found, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        for caller in callers {
            keys.push(caller.access_key_id.as_deref().and_then(|key| by_key.get(key)).cloned());
            let names = [&caller.principal_id, &caller.arn].into_iter().flatten();
            let mut issues: Vec<usize> = caller
                .created
                .into_iter()
                .flat_map(|at| names.clone().map(move |name| (&**name, at)))
                .filter_map(|key| by_principal.get(&key))
                .flatten()
                .copied()
                .collect();
            issues.sort_unstable();
            issues.dedup();
            found.push(issues);
            let group = caller.principal_id.as_deref().zip(caller.created);
            groups.push(group.map(|key| {
                let next = by_group.len();
                *by_group.entry(key).or_insert(next)
            }));
        }
        Self { keys, principals: found, groups, group_count: by_group.len() }
    }

    /// The session of a call. A record that issues a session is no use of this session.
    fn session(&self, call: &SessionCall, issues: &[Issue]) -> Option<Target> {
        let (caller, at) = (call.caller as usize, Seconds::from(call.at));
        let is_other = |issue: &&usize| issues[**issue].copy.id != call.id;
        let keys = self.keys[caller].as_deref().unwrap_or_default();
        let earlier = keys.partition_point(|issue| issues[*issue].at <= at);
        let by_key = keys[..earlier]
            .iter()
            .rev()
            .find(is_other)
            .filter(|issue| issues[**issue].expires_at.is_none_or(|end| at <= end.saturating_add(AFTER_END)));
        let issue = by_key.or_else(|| self.principals[caller].iter().find(is_other));
        issue.copied().map(Target::Issue).or_else(|| self.groups[caller].map(Target::Group))
    }

    fn parent(&self, issue: &Issue, issues: &[Issue]) -> Option<Target> {
        let at = u32::try_from(issue.at).ok()?;
        self.session(&SessionCall { id: issue.copy.id, caller: issue.caller, at }, issues)
    }
}

/// Counts each call once, for its session.
fn tally(
    collected: &mut Collected,
    ranks: &[CallerId],
    callers: &[RecordCaller],
    issues: &[Issue],
    index: &Index,
    threads: usize,
) -> (Vec<SessionCalls>, Vec<Group>) {
    let parts: Vec<std::sync::Mutex<Vec<Vec<SessionCall>>>> =
        std::mem::take(&mut collected.calls).into_iter().map(std::sync::Mutex::new).collect();
    let next = AtomicUsize::new(0);
    let count_parts = || {
        let mut uses = vec![SessionCalls::default(); issues.len()];
        let mut groups = vec![Group::default(); index.group_count];
        let mut part = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= PARTS {
                return (uses, groups);
            }
            let blocks = parts[number].lock().map(|mut blocks| std::mem::take(&mut *blocks)).unwrap_or_default();
            part.clear();
            part.extend(
                blocks.into_iter().flatten().map(|call| SessionCall { caller: ranks[call.caller as usize], ..call }),
            );
            part.sort_unstable_by_key(|call| {
                (call.id, callers[call.caller as usize].arn.is_none(), call.caller, call.at)
            });
            part.dedup_by_key(|call| call.id);
            for call in &part {
                let caller = &callers[call.caller as usize];
                match index.session(call, issues) {
                    Some(Target::Issue(issue)) => uses[issue].add(call.at, caller.is_console),
                    Some(Target::Group(group)) => {
                        let group = &mut groups[group];
                        group.uses.add(call.at, caller.is_console);
                        group.is_open |= caller.opens_session();
                        group.note_key(call.at, call.caller, callers);
                    }
                    None => {}
                }
            }
        }
    };
    let mut counted: Vec<(Vec<SessionCalls>, Vec<Group>)> = thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(count_parts)).collect();
        let own = count_parts();
        workers.into_iter().map(result_of).chain([own]).collect()
    });
    let (mut uses, mut groups) = counted.pop().unwrap_or_default();
    for (more, other) in counted {
        uses.iter_mut().zip(&more).for_each(|(uses, more)| uses.merge(more));
        for (group, other) in groups.iter_mut().zip(other) {
            group.uses.merge(&other.uses);
            group.is_open |= other.is_open;
            if let Some((at, caller)) = other.first_key {
                group.note_key(at, caller, callers);
            }
        }
    }
    for counted in &collected.counted {
        let counted = Counted { caller: ranks[counted.caller as usize], ..*counted };
        let caller = &callers[counted.caller as usize];
        // No record that issues a session is among them: their ids do not matter.
        match index.session(&SessionCall { id: 0, caller: counted.caller, at: counted.first }, issues) {
            Some(Target::Issue(issue)) => uses[issue].add_counted(&counted, caller.is_console),
            Some(Target::Group(group)) => {
                let group = &mut groups[group];
                group.uses.add_counted(&counted, caller.is_console);
                group.is_open |= caller.opens_session();
                group.note_key(counted.first, counted.caller, callers);
            }
            None => {}
        }
    }
    (uses, groups)
}

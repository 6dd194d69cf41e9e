//! The walk: makes the ready calls of a plan, with limited concurrency, until all are answered or the time is up. A
//! failure is a fact about one role and never stops the others. Calls that wait for a throttled account do not use
//! the concurrency of other accounts.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::calls::{Calls, Request};
use super::client::AssumedSession;
use super::errors::{Class, Failure, Operation};
use super::iam::Page;
use super::live_settings;
use super::pace::{Paces, Quota};
use super::probe::Probe;
use crate::facts::{Checker, Description, Facts, SettingFact, StepOutcome};
use crate::inventory::{Inventory, LiveSetting, Reader, Role, RoleArn};
use crate::plan::{DescribedBy, Plan, PlannedStep, ReaderStep, SessionDetails};

/// One call that is ready.
pub(super) enum Work {
    Assume {
        step: usize,
        by: Option<Arc<AssumedSession>>,
    },
    AssumeReader {
        reader: usize,
    },
    List {
        list: List,
        marker: Option<String>,
    },
    Describe {
        role: RoleArn,
        by: Option<Arc<AssumedSession>>,
    },
    ReadSetting {
        setting: LiveSetting,
        by: Option<Arc<AssumedSession>>,
    },
    /// All permission sets of which only the names are known: one search finds them.
    FindPermissionSets {
        names: BTreeSet<String>,
        by: Option<Arc<AssumedSession>>,
    },
}

/// The list of an account's roles, read page by page.
pub(super) struct List {
    reader: usize,
    by: Arc<AssumedSession>,
    /// The roles that no page has listed yet.
    wanted: BTreeSet<RoleArn>,
    pages: usize,
    /// The markers of earlier pages. AWS never repeats a marker.
    markers: BTreeSet<String>,
}

impl Work {
    /// The quota of the call.
    fn quota(&self) -> Quota {
        match self {
            Self::Assume { by, .. } => Quota::sts(by.as_deref()),
            Self::AssumeReader { .. } => Quota::sts(None),
            Self::List { list, .. } => Quota::list_roles(list.by.role.account()),
            Self::Describe { role, .. } => Quota::get_role(role.account()),
            Self::ReadSetting { setting: LiveSetting::Function(function), .. } => {
                Quota::lambda(function.account(), function.region())
            }
            Self::ReadSetting { setting: LiveSetting::PermissionSet(_), .. } | Self::FindPermissionSets { .. } => {
                Quota::SSO_ADMIN
            }
        }
    }
}

/// The result of a piece of work.
enum Done {
    Step { step: usize, result: Result<AssumedSession, Failure> },
    Reader { reader: usize, result: Result<AssumedSession, Failure> },
    Listed { list: List, page: Option<Page> },
    Described { role: RoleArn, description: Description },
    Read(Vec<(LiveSetting, SettingFact)>),
}

pub(super) struct RunWalk<'a> {
    inventory: &'a Inventory,
    plan: &'a Plan,
    calls: Arc<Calls>,
    ready: VecDeque<Work>,
    /// The plan's descriptions, and roles that a list did not hold.
    readers: Vec<ReaderStep>,
    steps: Vec<Option<StepOutcome>>,
    described: BTreeMap<RoleArn, Description>,
    settings: BTreeMap<LiveSetting, SettingFact>,
    reader_failures: Vec<Failure>,
    /// Roles with a requested or known description.
    claimed: BTreeSet<RoleArn>,
    checker: Option<Checker>,
    /// Running calls by quota, and calls that wait for their quota.
    running: HashMap<Quota, usize>,
    slowed: HashMap<Quota, VecDeque<Work>>,
}

impl<'a> RunWalk<'a> {
    /// `identity`: the checker's identity, or why it is not known.
    pub(super) fn new(
        inventory: &'a Inventory,
        plan: &'a Plan,
        calls: Calls,
        identity: Result<Checker, Class>,
    ) -> Self {
        let unknown = identity.as_ref().err().copied();
        let account = identity.as_ref().map(|checker| checker.account.clone()).map_err(|class| *class);
        let mut walk = Self {
            inventory,
            plan,
            calls: Arc::new(calls),
            ready: VecDeque::new(),
            readers: plan.readers.clone(),
            steps: vec![None; plan.steps.len()],
            described: BTreeMap::new(),
            settings: BTreeMap::new(),
            reader_failures: Vec::new(),
            claimed: BTreeSet::new(),
            checker: identity.ok(),
            running: HashMap::new(),
            slowed: HashMap::new(),
        };
        // Readers first: they need the most consecutive round trips.
        walk.ready.extend((0..plan.readers.len()).map(|reader| Work::AssumeReader { reader }));
        let first = plan.steps.iter().enumerate().filter(|(_, step)| step.parent.is_none());
        walk.ready.extend(first.map(|(step, _)| Work::Assume { step, by: None }));
        for (role, by) in &plan.roles {
            let own_account = walk.checker.as_ref().is_some_and(|checker| checker.account == role.account());
            match by {
                DescribedBy::Checker if own_account => {
                    walk.ready.push_back(Work::Describe { role: role.clone(), by: None })
                }
                DescribedBy::Checker => {
                    let description = unknown.map_or(Description::NoReader, |class| {
                        let message =
                            "GetCallerIdentity was not answered, so it is not known whether the checker may read it";
                        Description::Failed(Arc::new(Failure::unanswered(Operation::GetRole, role, class, message)))
                    });
                    walk.described.insert(role.clone(), description);
                }
                DescribedBy::Itself | DescribedBy::Reader(_) => {}
            }
        }
        let (own, others) = live_settings::of_the_checker(plan, account.as_deref().map_err(|class| *class));
        walk.ready.extend(live_settings::work(own, None));
        walk.settings = others;
        walk
    }

    /// Makes the calls; returns when all are answered, or at the deadline.
    pub(super) async fn run(&mut self, probe: &Probe<'_>) {
        let paces = probe.aws.paces.clone();
        let mut under_way = JoinSet::new();
        let (mut finished, mut most) = (0, 0);
        loop {
            while let Some((quota, work)) = self.next_work(&paces, probe.concurrency.max(1)) {
                let call = self.call(work);
                under_way.spawn(async move { (quota, call.await) });
                if under_way.len() > most {
                    // One more concurrent call than before opens a connection: let it begin before the next call
                    // does.
                    most = under_way.len();
                    tokio::task::yield_now().await;
                }
            }
            let (quota, done) = tokio::select! {
                next = next(&mut under_way, probe.deadline) => match next {
                    Some(done) => done,
                    None => break,
                },
                // Work of other quotas may start now.
                () = paces.slowed() => continue,
            };
            finished += 1;
            let waiting = under_way.len() + self.ready.len() + self.slowed.values().map(VecDeque::len).sum::<usize>();
            probe.progress.as_ref().inspect(|progress| (progress.0)(finished, waiting));
            self.ended(&quota);
            self.record(done);
        }
    }

    /// The next call that may start, counted as running. Each quota has its own limit. Calls above the limit of a
    /// throttled quota do not count against the concurrency.
    fn next_work(&mut self, paces: &Paces, concurrency: usize) -> Option<(Quota, Work)> {
        let active: usize = self.running.iter().map(|(quota, calls)| (*calls).min(paces.limit(quota))).sum();
        if active >= concurrency {
            return None;
        }
        while let Some(work) = self.ready.pop_front() {
            let quota = work.quota();
            let calls = self.running.entry(quota.clone()).or_insert(0);
            if *calls < paces.limit(&quota) {
                *calls += 1;
                return Some((quota, work));
            }
            self.slowed.entry(quota).or_default().push_back(work);
        }
        None
    }

    /// Counts a call as ended. A call that waits for the same quota may start.
    fn ended(&mut self, quota: &Quota) {
        if let Some(calls) = self.running.get_mut(quota) {
            *calls -= 1;
            if *calls == 0 {
                self.running.remove(quota);
            }
        }
        // Two calls, because the limit may have grown.
        if let Some(waiting) = self.slowed.get_mut(quota) {
            (0..2)
                .filter_map(|_| waiting.pop_front())
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .for_each(|work| self.ready.push_front(work));
        }
    }

    /// The call of a piece of work, with all settings of its role from the inventory. Boxed, because the future is
    /// large and moved often.
    fn call(&self, work: Work) -> Pin<Box<dyn Future<Output = Done> + Send>> {
        let calls = Arc::clone(&self.calls);
        match work {
            Work::Assume { step, by } => {
                let PlannedStep { role, session, .. } = &self.plan.steps[step];
                let SessionDetails { external_id, session_name, source_identity } = session.clone();
                let role = Role { external_id, session_name, source_identity, ..Role::bare(role.clone()) };
                let request = self.request(role, by.as_deref(), Some(self.plan.policy(step)));
                Box::pin(async move { Done::Step { step, result: calls.assume_role(by.as_deref(), &request).await } })
            }
            Work::AssumeReader { reader } => {
                let step = &self.readers[reader];
                let Reader { role, external_id } = step.reader.clone();
                let role = declared_with(self.inventory.role(&role), external_id);
                let request = self.request(role, None, Some(step.policy.clone()));
                Box::pin(async move { Done::Reader { reader, result: calls.assume_role(None, &request).await } })
            }
            Work::List { list, marker } => Box::pin(async move {
                let page = calls.list_roles(&list.by, &list.wanted, marker).await;
                Done::Listed { list, page }
            }),
            Work::Describe { role, by } => {
                let request = self.request(self.inventory.role(&role), by.as_deref(), None);
                Box::pin(async move {
                    let description = match calls.max_session_duration(by.as_deref(), &request).await {
                        Ok(max_session) => Description::Known { max_session },
                        Err(failure) => Description::Failed(Arc::new(failure)),
                    };
                    Done::Described { role, description }
                })
            }
            Work::ReadSetting { setting, by } => {
                let region = self.inventory.identity_center.region.clone();
                Box::pin(async move { Done::Read(live_settings::read_setting(&calls, by, setting, region).await) })
            }
            Work::FindPermissionSets { names, by } => {
                let region = self.inventory.identity_center.region.clone();
                Box::pin(
                    async move { Done::Read(live_settings::find_permission_sets(&calls, by, names, region).await) },
                )
            }
        }
    }

    /// A request about a role by this session, or by the checker itself.
    fn request(&self, role: Role, by: Option<&AssumedSession>, policy: Option<String>) -> Request {
        let checker = || self.checker.as_ref().map(|checker| checker.arn.clone());
        Request {
            caller: by.map(|session| session.arn.clone()).or_else(checker),
            caller_role: by.map(|session| session.role.clone()),
            policy,
            role,
            secrets: self.calls.aws.secrets.clone(),
        }
    }

    /// The session, whose credentials no answer shows.
    fn held(&self, session: AssumedSession) -> Arc<AssumedSession> {
        let session = Arc::new(session);
        self.calls.aws.secrets.hold_session(&session);
        session
    }

    fn record(&mut self, done: Done) {
        match done {
            Done::Described { role, description } => {
                self.described.insert(role, description);
            }
            Done::Read(read) => self.settings.extend(read),
            Done::Listed { list, page } => self.listed(list, page),
            Done::Step { step, result: Err(failure) } => {
                self.steps[step] = Some(StepOutcome::Failed(Arc::new(failure)))
            }
            Done::Step { step, result: Ok(session) } => {
                self.steps[step] = Some(StepOutcome::Assumed);
                let session = self.held(session);
                let assumed = &self.plan.steps[step];
                let next = assumed.next.iter().map(|next| Work::Assume { step: *next, by: Some(Arc::clone(&session)) });
                self.ready.extend(next);
                let itself = self.plan.roles.get(&assumed.role) == Some(&DescribedBy::Itself);
                // The first session of a prefix reads the role. Later sessions have no permission to read.
                if itself && assumed.reads && self.claimed.insert(assumed.role.clone()) {
                    self.ready.push_back(Work::Describe { role: assumed.role.clone(), by: Some(session) });
                }
            }
            Done::Reader { reader, result } => {
                let ReaderStep { roles, settings, lists, .. } = &self.readers[reader];
                match result {
                    Ok(by) if *lists => {
                        let wanted = roles.iter().cloned().collect();
                        let markers = BTreeSet::new();
                        let list = List { reader, by: self.held(by), wanted, pages: 0, markers };
                        self.ready.push_front(Work::List { list, marker: None });
                    }
                    Ok(session) => {
                        let session = self.held(session);
                        let describe = roles
                            .iter()
                            .map(|role| Work::Describe { role: role.clone(), by: Some(Arc::clone(&session)) });
                        self.ready.extend(describe);
                        self.ready.extend(live_settings::work(settings.clone(), Some(session)));
                    }
                    Err(failure) => {
                        let failed = Arc::new(failure.clone());
                        let failed = |role: &RoleArn| (role.clone(), Description::Failed(Arc::clone(&failed)));
                        self.described.extend(roles.iter().map(failed));
                        let unread = live_settings::unread(failure.operation, failure.class, &failure.answer());
                        self.settings.extend(settings.iter().map(|setting| (setting.clone(), unread.clone())));
                        self.reader_failures.push(failure);
                    }
                }
            }
        }
    }

    /// Records a page, then requests the next page while there are fewer pages than wanted roles. Then calls GetRole
    /// for the remaining roles: roles that do not exist, or all roles if the reader may not list.
    fn listed(&mut self, mut list: List, page: Option<Page>) {
        let mut is_new = |marker: &String| list.markers.insert(marker.clone());
        // AWS never repeats a marker: call GetRole for the roles.
        let page = page.filter(|page| page.marker.iter().all(&mut is_new));
        let Page { found, marker } = page.unwrap_or_default();
        list.pages += 1;
        for (role, max_session) in found {
            list.wanted.remove(&role);
            self.described.insert(role, Description::Known { max_session });
        }
        if marker.is_some() && list.pages < list.wanted.len() {
            self.ready.push_front(Work::List { list, marker });
            return;
        }
        let reader = self.readers[list.reader].reader.clone();
        for step in ReaderStep::one_by_one(&reader, list.wanted.into_iter().collect()) {
            self.ready.push_back(Work::AssumeReader { reader: self.readers.len() });
            self.readers.push(step);
        }
    }

    /// The facts. Work without an answer was not reached, or the run's time was up.
    pub(super) fn facts(mut self) -> Facts {
        let plan = self.plan;
        for index in 0..plan.steps.len() {
            let step = &plan.steps[index];
            let behind = step.parent.is_some_and(|parent| self.steps[parent] != Some(StepOutcome::Assumed));
            let outcome = || {
                if behind {
                    StepOutcome::NotReached
                } else {
                    StepOutcome::Failed(Arc::new(out_of_time(Operation::AssumeRole, &step.role)))
                }
            };
            if self.steps[index].is_none() {
                self.steps[index] = Some(outcome());
            }
        }
        let steps: Vec<StepOutcome> = self.steps.into_iter().flatten().collect();
        let assumed: BTreeSet<&RoleArn> = plan
            .steps
            .iter()
            .zip(&steps)
            .filter(|(_, outcome)| **outcome == StepOutcome::Assumed)
            .map(|(step, _)| &step.role)
            .collect();
        for (role, by) in &plan.roles {
            let reached = *by != DescribedBy::Itself || assumed.contains(role);
            self.described.entry(role.clone()).or_insert_with(|| {
                if reached {
                    Description::Failed(Arc::new(out_of_time(Operation::GetRole, role)))
                } else {
                    Description::NotReached
                }
            });
        }
        for setting in plan.settings.keys() {
            let unread = || live_settings::unread(live_settings::operation(setting), Class::OutOfTime, OUT_OF_TIME);
            self.settings.entry(setting.clone()).or_insert_with(unread);
        }
        self.reader_failures.sort_by(|a, b| a.target.cmp(&b.target));
        Facts {
            mode: crate::facts::Mode::Live,
            checker: self.checker,
            steps,
            described: self.described,
            settings: self.settings,
            signin_sessions: self.calls.signin_sessions.known(),
            reader_failures: self.reader_failures,
            ..Facts::default()
        }
    }
}

/// The reader's external ID takes precedence over the external ID of its role.
pub(super) fn declared_with(role: Role, external_id: Option<String>) -> Role {
    Role { external_id: external_id.or(role.external_id.clone()), ..role }
}

const OUT_OF_TIME: &str = "the run's time was up before this call was answered";

pub(super) fn out_of_time(operation: Operation, role: &RoleArn) -> Failure {
    Failure::unanswered(operation, role, Class::OutOfTime, OUT_OF_TIME)
}

/// The next answer; `None` when no call runs, or at the deadline.
async fn next<T: 'static>(under_way: &mut JoinSet<T>, deadline: Option<Instant>) -> Option<T> {
    loop {
        let joined = match deadline {
            None => under_way.join_next().await,
            Some(deadline) => tokio::time::timeout_at(deadline, under_way.join_next()).await.ok().flatten(),
        };
        // A panicked task has no answer, and its call is reported as unanswered.
        if let Ok(done) = joined? {
            return Some(done);
        }
    }
}

//! Assembles the sessions of a reading: identities, paths, renewals, refused requests, in their order.

use std::collections::HashSet;
use std::sync::Arc;

use super::caller::{IdentityKind, RecordCaller};
use super::collect::{Collected, Issue, IssueOperation, RefusedCall};
use super::join::{Group, Joined, SessionCalls, Target, join};
use super::model::{RefusedRequest, Session, Sessions, Skipped, Span};
use super::paths::{self, Path};
use super::refusals::refused;
use super::renewals::{self, IssuingProcess, Naming};
use super::time::Seconds;

/// The most roles of a path. Records of AWS have a few; records that were made up must not fill the memory.
const MOST_ROLES: usize = 64;

/// Makes sessions of everything that was read.
#[must_use]
pub fn sessions(mut collected: Collected, options: &BuildOptions) -> Sessions {
    let (records, span) = (collected.records, collected.span);
    collected.issues.shrink_to_fit();
    let (joined, refusals) = join(collected, options.threads.max(1));
    let mut builder = SessionBuilder::new(&joined);
    builder.resolve_paths();
    let mut sessions = builder.sessions();
    let order = builder.sort(&mut sessions);
    builder.name_renewals(&mut sessions, &order);
    drop(builder);
    let caller = |refusal: &RefusedCall| &joined.callers[refusal.caller as usize];
    let mut refused: Vec<RefusedRequest> = refusals
        .into_iter()
        .map(|refusal| {
            let caller = caller(&refusal);
            refused(refusal, caller)
        })
        .collect();
    if !options.service_linked {
        remove_service_linked(&mut sessions);
        refused.retain(|refused| !refused.role.as_deref().is_some_and(is_service_linked));
    }
    refused.sort();
    let window = Span { from: span.map(|(first, _)| first), to: span.map(|(_, last)| last) };
    Sessions { window, records, sessions, refused, ..Sessions::default() }
}

/// How sessions are made.
#[derive(Debug, Clone, Copy, Default)]
pub struct BuildOptions {
    /// Sessions of service-linked roles are kept.
    pub service_linked: bool,
    /// The number of threads.
    pub threads: usize,
}

impl Sessions {
    /// Adds the files that were read.
    #[must_use]
    pub fn of_files(self, files: u64, mut skipped: Vec<Skipped>) -> Self {
        skipped.sort_by(|a, b| a.file.cmp(&b.file));
        Self { files, skipped, ..self }
    }
}

fn is_service_linked(role: &str) -> bool {
    role.contains(":role/aws-service-role/")
}

fn remove_service_linked(sessions: &mut Vec<Session>) {
    let mut kept = 0;
    let places: Vec<Option<usize>> = sessions
        .iter()
        .map(|session| {
            let keep = !session.role.as_deref().is_some_and(is_service_linked);
            keep.then(|| {
                kept += 1;
                kept - 1
            })
        })
        .collect();
    sessions.retain(|session| !session.role.as_deref().is_some_and(is_service_linked));
    for session in sessions {
        session.renewed = session.renewed.and_then(|at| places[at]);
    }
}

/// Equal texts share one allocation.
#[derive(Default)]
struct Texts(HashSet<Arc<str>>);

impl Texts {
    fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let shared: Arc<str> = text.into();
        self.0.insert(shared.clone());
        shared
    }
}

struct SessionBuilder<'a> {
    joined: &'a Joined,
    texts: Texts,
    issue_paths: Vec<Option<Path>>,
    group_paths: Vec<Option<Path>>,
    /// The ARN of each session without an issue.
    group_arns: Vec<Option<&'a str>>,
}

impl<'a> SessionBuilder<'a> {
    fn new(joined: &'a Joined) -> Self {
        let (issues, groups) = (joined.issues.len(), joined.groups.len());
        let arn = |group: &'a Group| group.callers.iter().find_map(|id| joined.callers[*id as usize].arn.as_deref());
        Self {
            joined,
            texts: Texts::default(),
            issue_paths: vec![None; issues],
            group_paths: vec![None; groups],
            group_arns: joined.groups.iter().map(arn).collect(),
        }
    }

    fn caller(&self, issue: &Issue) -> &'a RecordCaller {
        &self.joined.callers[issue.caller as usize]
    }

    fn role(&mut self, issue: &Issue) -> Option<Arc<str>> {
        match issue.operation {
            IssueOperation::AssumeRole | IssueOperation::WithWebIdentity | IssueOperation::WithSaml => {
                issue.role.as_deref().map(|role| self.texts.share(role))
            }
            IssueOperation::SessionToken | IssueOperation::FederationToken | IssueOperation::AssumeRoot => None,
        }
    }

    fn group_callers(&self, group: usize) -> impl Iterator<Item = &'a RecordCaller> + Clone {
        let joined = self.joined;
        joined.groups[group].callers.iter().map(move |caller| &joined.callers[*caller as usize])
    }

    fn group_role(&mut self, group: usize) -> Option<Arc<str>> {
        let role = self.group_callers(group).find_map(|caller| caller.role.as_deref())?;
        Some(self.texts.share(role))
    }

    fn resolve_paths(&mut self) {
        for group in 0..self.group_paths.len() {
            let role = self.group_role(group);
            self.group_paths[group] = Some(paths::without_issue(self.group_callers(group), role.as_ref()));
        }
        for issue in 0..self.issue_paths.len() {
            self.resolve(issue);
        }
    }

    /// Resolves an issue and the sessions before it. Records that contradict each other can form a circle; it is cut
    /// at its first issue.
    fn resolve(&mut self, issue: usize) {
        let (mut chain, mut on_chain) = (Vec::new(), HashSet::new());
        let mut next = issue;
        let mut known: Option<Path> = loop {
            if let Some(path) = &self.issue_paths[next] {
                break Some(path.clone());
            }
            if !on_chain.insert(next) {
                break None;
            }
            chain.push(next);
            match self.joined.parents[next] {
                Some(Target::Issue(parent)) => next = parent,
                Some(Target::Group(group)) => break self.group_paths[group].clone(),
                None => break None,
            }
        };
        while let Some(issue) = chain.pop() {
            let record = &self.joined.issues[issue];
            let role = self.role(record);
            let path = match known {
                None => paths::root(record, self.caller(record), role.as_ref()),
                Some(Path { source, service, roles }) => {
                    let roles = match role.filter(|_| roles.len() < MOST_ROLES) {
                        Some(role) => roles.iter().cloned().chain([role]).collect(),
                        None => roles,
                    };
                    Path { source, service, roles }
                }
            };
            self.issue_paths[issue] = Some(path.clone());
            known = Some(path);
        }
    }

    /// The issued sessions, then those without an issue.
    fn sessions(&mut self) -> Vec<Session> {
        let joined = self.joined;
        let mut sessions: Vec<Session> = (0..joined.issues.len()).map(|issue| self.issued(issue)).collect();
        let open = (0..joined.groups.len()).filter(|group| joined.groups[*group].is_open);
        sessions.extend(open.map(|group| self.without_issue(group)));
        sessions
    }

    fn issued(&mut self, at: usize) -> Session {
        let joined = self.joined;
        let issue = &joined.issues[at];
        let path = self.issue_paths[at].clone();
        let principal = joined.principals[at].as_deref().map(|principal| self.texts.share(principal));
        let name = issue.name.clone().or_else(|| session_name(principal.as_deref()?).map(Box::from));
        let parent = joined.parents[at].and_then(|parent| self.key(parent)).map(Box::from);
        let Path { source, service, roles } = path.unwrap_or_else(|| paths::root(issue, self.caller(issue), None));
        let role = self.role(issue);
        let SessionCalls { span, calls, console } = joined.uses[at];
        Session {
            access_key_id: Some(issue.access_key_id.clone()),
            operation: Some(issue.operation),
            role,
            principal,
            session_name: name,
            source,
            service,
            parent,
            path: roles,
            chained: paths::is_chained(self.caller(issue), joined.parents[at].is_some()),
            issued_at: issue.at,
            expires_at: issue.expires_at,
            requested_seconds: issue.requested,
            granted_seconds: issue.expires_at.map(|end| end.saturating_sub(issue.at)),
            first_used: span.map(|(first, _)| first.into()),
            last_used: span.map(|(_, last)| last.into()),
            calls,
            renews: None,
            console,
            renewed: None,
        }
    }

    fn without_issue(&mut self, group: usize) -> Session {
        let joined = self.joined;
        let SessionCalls { span, calls, console } = joined.groups[group].uses;
        let path = self.group_paths[group].clone();
        let Path { source, service, roles } = path.unwrap_or_else(|| paths::without_issue(std::iter::empty(), None));
        let created: Seconds = self.group_callers(group).find_map(|caller| caller.created).unwrap_or_default();
        let arn = self.group_arns[group];
        Session {
            access_key_id: joined.groups[group].access_key_id(&joined.callers).map(Box::from),
            operation: None,
            role: self.group_role(group),
            principal: arn.map(|arn| self.texts.share(arn)),
            session_name: arn.and_then(session_name).map(Box::from),
            source,
            service,
            parent: None,
            path: roles,
            chained: None,
            issued_at: created,
            expires_at: None,
            requested_seconds: None,
            granted_seconds: None,
            first_used: span.map(|(first, _)| first.into()),
            last_used: span.map(|(_, last)| last.into()),
            calls,
            renews: None,
            console,
            renewed: None,
        }
    }

    fn key(&self, target: Target) -> Option<&'a str> {
        match target {
            Target::Issue(issue) => Some(&self.joined.issues[issue].access_key_id),
            Target::Group(group) => self.joined.groups[group].access_key_id(&self.joined.callers),
        }
    }

    /// Sorts the sessions. Returns the issue of each session.
    fn sort(&self, sessions: &mut Vec<Session>) -> Vec<Option<usize>> {
        let issues = self.joined.issues.len();
        let mut numbered: Vec<(usize, Session)> = std::mem::take(sessions).into_iter().enumerate().collect();
        numbered.sort_by(|(_, a), (_, b)| (a.issued_at, &a.access_key_id).cmp(&(b.issued_at, &b.access_key_id)));
        let order = numbered.iter().map(|(at, _)| (*at < issues).then_some(*at)).collect();
        sessions.extend(numbered.into_iter().map(|(_, session)| session));
        order
    }

    fn name_renewals(&self, sessions: &mut [Session], order: &[Option<usize>]) {
        let processes: Vec<Option<IssuingProcess<'_>>> =
            order.iter().zip(sessions.iter()).map(|(issue, session)| self.process((*issue)?, session)).collect();
        let renewed = renewals::find(sessions, &processes);
        for at in 0..sessions.len() {
            sessions[at].renewed = renewed[at];
            sessions[at].renews = renewed[at].and_then(|earlier| sessions[earlier].access_key_id.clone());
        }
    }

    fn process(&self, at: usize, session: &Session) -> Option<IssuingProcess<'a>> {
        let issue = &self.joined.issues[at];
        session.role.as_ref()?;
        let caller = self.caller(issue);
        let name = issue.name.as_deref().or_else(|| session_name(self.joined.principals[at].as_deref()?))?;
        let address = match renewals::naming(caller, name) {
            Naming::OfService => return None,
            Naming::OfOneProcess => None,
            Naming::Shared => Some(issue.address.as_deref().unwrap_or_default()),
        };
        let caller = self.caller_name(at, caller)?;
        Some(IssuingProcess { role: issue.role.as_deref()?, name, caller, address })
    }

    /// The caller of an issue, the same for the sessions that it renews.
    fn caller_name(&self, at: usize, caller: &'a RecordCaller) -> Option<&'a str> {
        let principal = match self.joined.parents[at] {
            Some(Target::Issue(parent)) => self.joined.principals[parent].as_deref(),
            Some(Target::Group(group)) => self.group_arns[group],
            None => None,
        };
        let arn = caller.arn.as_deref();
        let id = caller.principal_id.as_deref();
        principal.or(match caller.kind {
            IdentityKind::WebIdentity | IdentityKind::Saml => caller.user_name.as_deref().or(id),
            IdentityKind::Service => caller.invoked_by.as_deref(),
            IdentityKind::Account => id,
            IdentityKind::IamUser
            | IdentityKind::Root
            | IdentityKind::AssumedRole
            | IdentityKind::FederatedUser
            | IdentityKind::Other => arn.or(id),
        })
    }
}

/// The last part of the ARN of a session.
fn session_name(arn: &str) -> Option<&str> {
    let resource = arn.splitn(6, ':').nth(5)?;
    let is_session = resource.starts_with("assumed-role/") || resource.starts_with("federated-user/");
    is_session.then(|| resource.rsplit('/').next()).flatten()
}

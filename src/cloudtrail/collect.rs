//! Keeps what one pass over records must remember: issues and refused calls as they are, and 16 bytes for each other
//! call of a caller that can be a session. `join` makes sessions of it after the last record.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::caller::{CallerId, Callers};
use super::record::{Number, Record, RequestParameters, Response, parse_part};
use super::time::{Seconds, parse_expiration, parse_iso};

/// Calls are kept in this many parts by their ids, so that one part is sorted at a time.
pub const PARTS: usize = 256;

/// Calls of a part are kept in blocks: a growing list would need twice its memory.
const BLOCK: usize = 512;

/// The window of records that are read, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// The first second.
    pub since: Option<Seconds>,
    /// The last second.
    pub until: Option<Seconds>,
}

impl Window {
    fn contains(&self, at: Seconds) -> bool {
        self.since.is_none_or(|since| since <= at) && self.until.is_none_or(|until| at <= until)
    }
}

/// One call of a session: 16 bytes. Two ids of one hash would count as one call: one pair in 2⁶⁴.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionCall {
    /// The hash of the id.
    pub id: u64,
    /// The caller.
    pub caller: CallerId,
    /// The time, in seconds since 1970.
    pub at: u32,
}

/// The operation that issued a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum IssueOperation {
    /// AssumeRole.
    AssumeRole,
    /// AssumeRoleWithWebIdentity.
    WithWebIdentity,
    /// AssumeRoleWithSAML.
    WithSaml,
    /// GetSessionToken.
    SessionToken,
    /// GetFederationToken.
    FederationToken,
    /// AssumeRoot.
    AssumeRoot,
}

impl IssueOperation {
    /// The operation's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AssumeRole => "AssumeRole",
            Self::WithWebIdentity => "AssumeRoleWithWebIdentity",
            Self::WithSaml => "AssumeRoleWithSAML",
            Self::SessionToken => "GetSessionToken",
            Self::FederationToken => "GetFederationToken",
            Self::AssumeRoot => "AssumeRoot",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [
            Self::AssumeRole,
            Self::WithWebIdentity,
            Self::WithSaml,
            Self::SessionToken,
            Self::FederationToken,
            Self::AssumeRoot,
        ]
        .into_iter()
        .find(|operation| operation.as_str() == name)
    }
}

/// What identifies a record among copies: its id, whether it knows the caller, and its place among the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Copy {
    /// The hash of the id.
    pub id: u64,
    /// The record has no ARN of the caller. A copy that has one goes before it.
    pub knows_less: bool,
    /// The number of the file, and the number of the record in it.
    pub place: (u32, u32),
}

/// A session's issue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Issue {
    /// The copy.
    pub copy: Copy,
    /// The id. Of two issues of one key in one second, the lower counts.
    pub event_id: Option<Box<str>>,
    /// The time.
    pub at: Seconds,
    /// The operation.
    pub operation: IssueOperation,
    /// The caller.
    pub caller: CallerId,
    /// The caller's address.
    pub address: Option<Box<str>>,
    /// The issued access key.
    pub access_key_id: Box<str>,
    /// The stated end.
    pub expires_at: Option<Seconds>,
    /// The requested lifetime.
    pub requested: Option<i64>,
    /// The role.
    pub role: Option<Box<str>>,
    /// The session name of the request.
    pub name: Option<Box<str>>,
    /// The ARN of the answer's session.
    pub principal: Option<Box<str>>,
    /// The principal id of the answer's session.
    pub assumed_role_id: Option<Box<str>>,
    /// The account of AssumeRoot.
    pub target: Option<Box<str>>,
}

/// A call of STS that failed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefusedCall {
    /// The copy.
    pub copy: Copy,
    /// The time.
    pub at: Seconds,
    /// The operation.
    pub operation: Box<str>,
    /// The caller.
    pub caller: CallerId,
    /// The role of the request.
    pub role: Option<Box<str>>,
    /// The error code.
    pub error_code: Box<str>,
    /// The error message.
    pub error_message: Option<Box<str>>,
}

/// Why a record is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// The record has no time.
    #[error("a record has no eventTime that can be read")]
    NoTime,
    /// The time is outside the years 1970 to 2106.
    #[error("a record has an eventTime outside the years 1970 to 2106")]
    OutOfRange,
    /// The last of some counted calls is before the first.
    #[error("a row has a last_time before its first_time")]
    LastBeforeFirst,
}

/// What one reader remembers of its records.
#[derive(Debug)]
pub struct Collected {
    /// The number of records in the window.
    pub records: u64,
    /// The first and the last time.
    pub span: Option<(Seconds, Seconds)>,
    /// The callers.
    pub callers: Callers,
    /// Issues.
    pub issues: Vec<Issue>,
    /// Refused calls.
    pub refusals: Vec<RefusedCall>,
    /// Calls by the first bits of their ids.
    pub calls: Vec<Vec<Vec<SessionCall>>>,
    /// Calls that a query has counted: 1 and more at once.
    pub counted: Vec<Counted>,
    /// Numbers records without an id.
    pub anonymous: u64,
}

/// Calls of one caller that a query has counted. All belong to the session of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The caller.
    pub caller: CallerId,
    /// The first time.
    pub first: u32,
    /// The last time.
    pub last: u32,
    /// The number of calls.
    pub calls: u64,
}

impl Default for Collected {
    fn default() -> Self {
        Self {
            records: 0,
            span: None,
            callers: Callers::default(),
            issues: Vec::new(),
            refusals: Vec::new(),
            calls: vec![Vec::new(); PARTS],
            counted: Vec::new(),
            anonymous: 0,
        }
    }
}

impl Collected {
    /// Remembers a record. `place` is its file and its number in the file.
    ///
    /// # Errors
    /// The record cannot be placed in time.
    pub fn add(&mut self, record: &Record<'_>, place: (u32, u32), window: &Window) -> Result<(), BadRecord> {
        let parts = || (parse_part(record.request_parameters), parse_part(record.response_elements));
        self.add_request(record, parts, place, window)
    }

    /// Remembers a record. `parts` parses its request and its answer, where STS made the record.
    ///
    /// # Errors
    /// The record cannot be placed in time.
    pub fn add_request<'a>(
        &mut self,
        record: &Record<'_>,
        parts: impl FnOnce() -> (RequestParameters<'a>, Response<'a>),
        place: (u32, u32),
        window: &Window,
    ) -> Result<(), BadRecord> {
        let at = record.event_time.get().and_then(parse_iso).ok_or(BadRecord::NoTime)?;
        let short = u32::try_from(at).map_err(|_| BadRecord::OutOfRange)?;
        if !window.contains(at) {
            return Ok(());
        }
        self.records += 1;
        self.span = Some(self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        let is_sts = record.event_source.or_empty().starts_with("sts.amazonaws.com");
        let identity = &record.user_identity;
        let may_be_session =
            identity.access_key_id.get().is_some() || identity.session_context.attributes.creation_date.get().is_some();
        if !is_sts && !may_be_session {
            return Ok(());
        }
        let id = self.id(record, place);
        let caller = self.callers.id(record);
        if may_be_session {
            self.push(SessionCall { id, caller, at: short });
        }
        if is_sts {
            let copy = Copy { id, knows_less: identity.arn.get().is_none(), place };
            self.add_sts(record, parts, copy, at, caller);
        }
        Ok(())
    }

    /// Remembers calls that a query has counted: `records` of them with copies, `calls` without. The record has the
    /// caller and the first time.
    ///
    /// # Errors
    /// The record cannot be placed in time.
    pub fn add_counted(
        &mut self,
        record: &Record<'_>,
        last: Seconds,
        (calls, records): (u64, u64),
        window: &Window,
    ) -> Result<(), BadRecord> {
        let at = record.event_time.get().and_then(parse_iso).ok_or(BadRecord::NoTime)?;
        let (first, end) = (u32::try_from(at), u32::try_from(last));
        let (Ok(first), Ok(last)) = (first, end) else { return Err(BadRecord::OutOfRange) };
        if last < first {
            return Err(BadRecord::LastBeforeFirst);
        }
        if !window.contains(at) {
            return Ok(());
        }
        self.records += records;
        let (from, to) = (Seconds::from(first), Seconds::from(last));
        self.span = Some(self.span.map_or((from, to), |(known, end)| (known.min(from), end.max(to))));
        if calls > 0 {
            let caller = self.callers.id(record);
            self.counted.push(Counted { caller, first, last, calls });
        }
        Ok(())
    }

    fn add_sts<'a>(
        &mut self,
        record: &Record<'_>,
        parts: impl FnOnce() -> (RequestParameters<'a>, Response<'a>),
        copy: Copy,
        at: Seconds,
        caller: CallerId,
    ) {
        let name = record.event_name.or_empty();
        if let Some(code) = record.error_code.get() {
            let (request, _) = parts();
            self.refusals.push(RefusedCall {
                copy,
                at,
                operation: name.into(),
                caller,
                role: request.role_arn.boxed(),
                error_code: code.into(),
                error_message: record.error_message.boxed(),
            });
            return;
        }
        let Some(operation) = IssueOperation::parse(name) else { return };
        let (request, response) = parts();
        let Some(access_key_id) = response.credentials.access_key_id.boxed() else { return };
        let Number(requested) = request.duration_seconds;
        self.issues.push(Issue {
            copy,
            event_id: record.shared_event_id.boxed().or_else(|| record.event_id.boxed()),
            at,
            operation,
            caller,
            address: record.source_address.boxed(),
            access_key_id,
            expires_at: response.credentials.expiration.get().and_then(parse_expiration),
            requested,
            role: request.role_arn.boxed(),
            name: request.role_session_name.boxed().or_else(|| request.name.boxed()),
            principal: response.assumed_role_user.arn.boxed().or_else(|| response.federated_user.arn.boxed()),
            assumed_role_id: response.assumed_role_user.assumed_role_id.boxed(),
            target: request.target_principal.boxed(),
        });
    }

    fn id(&mut self, record: &Record<'_>, place: (u32, u32)) -> u64 {
        let mut hasher = DefaultHasher::new();
        match (record.shared_event_id.get(), record.event_id.get()) {
            (Some(shared), _) => shared.hash(&mut hasher),
            (None, Some(id)) => id.hash(&mut hasher),
            (None, None) => {
                self.anonymous += 1;
                (place, self.anonymous).hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    /// Remembers a call.
    pub fn push(&mut self, call: SessionCall) {
        let blocks = &mut self.calls[(call.id >> 56) as usize % PARTS];
        match blocks.last_mut() {
            Some(block) if block.len() < BLOCK => block.push(call),
            _ => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(call);
                blocks.push(block);
            }
        }
    }

    /// Adds what another reader remembers.
    pub fn merge(&mut self, other: Self) {
        self.records += other.records;
        self.span = match (self.span, other.span) {
            (Some((first, last)), Some((from, to))) => Some((first.min(from), last.max(to))),
            (one, two) => one.or(two),
        };
        let numbers = self.callers.merge(other.callers);
        let renumbered = |caller: CallerId| numbers.get(caller as usize).copied().unwrap_or_default();
        self.issues.extend(other.issues.into_iter().map(|issue| Issue { caller: renumbered(issue.caller), ..issue }));
        let refusals = other.refusals.into_iter();
        self.refusals.extend(refusals.map(|refusal| RefusedCall { caller: renumbered(refusal.caller), ..refusal }));
        self.counted
            .extend(other.counted.into_iter().map(|calls| Counted { caller: renumbered(calls.caller), ..calls }));
        // One by one: a block of few calls takes as much memory as a full block.
        for call in other.calls.into_iter().flatten().flatten() {
            self.push(SessionCall { caller: renumbered(call.caller), ..call });
        }
        self.anonymous += other.anonymous;
    }
}

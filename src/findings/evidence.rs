//! The evidence of findings. Owns the types and names of facts; a form decides how to print them.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::aws::errors::Class;
use crate::facts::ObservedCall;
use crate::findings::FindingId;
use crate::inventory::{JobName, LiveSetting, Location, Seconds};

/// A fact and its provenance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The fact.
    pub fact: Fact,
    /// The provenance.
    pub provenance: Provenance,
}

/// A fact's value, as every form prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactValue<'a> {
    /// A duration.
    Seconds(Seconds),
    /// A number that may be negative.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// A text.
    Text(String),
    /// A list of names or texts.
    List(Vec<Cow<'a, str>>),
}

macro_rules! facts {
    ($($(#[$doc:meta])* $fact:ident($held:ty) = $name:literal, $value:expr;)*) => {
        /// A fact in the evidence of a finding.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Fact { $($(#[$doc])* $fact($held),)* }

        /// The kind of a fact.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FactKind { $($(#[$doc])* $fact,)* }

        impl FactKind {
            /// The fact's name in the JSON report.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$fact => $name,)* }
            }
        }

        impl Fact {
            /// Its kind.
            #[must_use]
            pub const fn kind(&self) -> FactKind {
                match self { $(Self::$fact(_) => FactKind::$fact,)* }
            }

            /// Its value.
            #[must_use]
            pub fn value(&self) -> FactValue<'_> {
                match self { $(Self::$fact(held) => value_of($value, held),)* }
            }
        }
    };
}

/// Applies the conversion that a row of `facts!` names.
fn value_of<'a, T: ?Sized>(convert: fn(&'a T) -> FactValue<'a>, held: &'a T) -> FactValue<'a> {
    convert(held)
}

facts! {
    /// age + length + pause of the job; for a role: the longest need of its jobs.
    Needed(Seconds) = "needed_seconds", seconds;
    /// The length of the job's session.
    Lease(Seconds) = "lease_seconds", seconds;
    /// When the credentials expire for the job, renewals included.
    LapsesAfter(Seconds) = "lapses_after_seconds", seconds;
    /// The effective DurationSeconds at the limiting hop.
    Requested(Seconds) = "requested_seconds", seconds;
    /// A DurationSeconds that the API does not accept.
    RequestedOutOfRange(Seconds) = "requested_seconds_of_call", seconds;
    /// The durations that the API accepts.
    Accepted(RangeInclusive<Seconds>) = "accepted_seconds", range;
    /// The longest session that STS grants at the limiting hop.
    Cap(Seconds) = "cap_seconds", seconds;
    /// The job's refresh interval.
    RefreshEvery(Seconds) = "refresh_every_seconds", seconds;
    /// The job's margin.
    Margin(Seconds) = "margin_seconds", seconds;
    /// The time between the end of the job and the end of its credentials.
    Headroom(Seconds) = "headroom_seconds", seconds;
    /// The longest session of any role.
    LongestSession(Seconds) = "longest_session_seconds", seconds;
    /// The role's MaxSessionDuration.
    MaxSession(Seconds) = "max_session_duration_seconds", seconds;
    /// The duration in AWS.
    Live(Seconds) = "live_seconds", seconds;
    /// The duration in the inventory.
    Declared(Seconds) = "declared_seconds", seconds;
    /// The duration in a template or a plan.
    Planned(Seconds) = "planned_seconds", seconds;
    /// Why the MaxSessionDuration of a planned role is not known.
    LeftOpen(String) = "reason", text;
    /// Whether AWS documents or a measurement confirms the number behind the verdict.
    Confirmed(bool) = "confirmed", flag;
    /// The kind of the job's source.
    Source(&'static str) = "source", word;
    /// The affected jobs.
    Jobs(Vec<JobName>) = "jobs", jobs;
    /// A call that CloudTrail recorded.
    ObservedCall(ObservedCall) = "call", observed_call;
    /// A text of the refused call.
    Call(String) = "call", text;
    /// AWS's answer: code and message.
    Answer(String) = "answer", text;
    /// How many roles refused the checker together with this one.
    CommonRefusal(CommonRefusal) = "refused_together", common_refusal;
    /// The HTTP status of AWS's answer.
    HttpStatus(u16) = "http_status", status;
    /// AWS's request id.
    RequestId(String) = "request_id", text;
    /// Why a role was not checked.
    NotCheckedBecause(Class) = "reason", class;
    /// How far the checker's clock is ahead of AWS's, in seconds.
    ClockOffset(i64) = "clock_offset_seconds", number;
    /// The callers that a trust policy does not allow.
    Callers(Vec<String>) = "callers", list;
    /// Why a trust policy does not allow them.
    Reasons(String) = "reasons", text;
    /// The action of a plan on the role.
    PlanAction(&'static str) = "plan", word;
    /// The caller's ARN in CloudTrail.
    Caller(Option<String>) = "caller", known_text;
    /// The error code in CloudTrail.
    ErrorCode(String) = "error_code", text;
    /// The time of the call in CloudTrail.
    Time(Option<String>) = "time", known_text;
    /// CloudTrail's id of the event.
    EventId(Option<String>) = "event_id", known_text;
    /// A file of the inventory that cannot be read.
    BrokenFile(String) = "file", text;
    /// The first problems of that file.
    Problems(Vec<String>) = "problems", list;
    /// The jobs of the file whose names other files use.
    Clashes(Vec<ClashingJob>) = "clashes", clashes;
    /// The longest recorded run; in CloudTrail, a lower bound.
    LongestRun(Seconds) = "longest_run_seconds", seconds;
    /// The longest run that the jobs declare.
    DeclaredLength(Seconds) = "declared_length_seconds", seconds;
    /// The number of recorded runs, sessions or requests that the finding is about.
    Count(i64) = "count", number;
    /// Paths in CloudTrail: a source, then the roles.
    Paths(Vec<String>) = "paths", list;
    /// The name of a session in CloudTrail.
    SessionName(String) = "session_name", text;
    /// The last use of a session in CloudTrail.
    LastUse(String) = "last_used", text;
    /// The end of a session in CloudTrail.
    SessionEnd(String) = "expires_at", text;
    /// The finding that a waiver names.
    WaivedFinding(FindingId) = "waived_finding", id;
    /// The job and the role that a waiver names.
    WaiverNames(String) = "names", text;
    /// The last day of a waiver, in UTC.
    WaivedUntil(jiff::civil::Date) = "until", date;
    /// The reason that a waiver states.
    WaiverReason(String) = "reason", text;
}

fn seconds(held: &Seconds) -> FactValue<'_> {
    FactValue::Seconds(*held)
}

fn range(held: &RangeInclusive<Seconds>) -> FactValue<'_> {
    FactValue::Text(format!("{} to {}", held.start().0, held.end().0))
}

fn text(held: &str) -> FactValue<'_> {
    FactValue::Text(held.to_owned())
}

/// The word of a field that a CloudTrail event lacks.
const UNKNOWN: &str = "unknown";

/// A field of a CloudTrail event in words.
pub(super) fn describe_field(field: Option<&String>) -> &str {
    field.map_or(UNKNOWN, String::as_str)
}

/// The service and the operation of a call.
pub(super) fn describe_call(call: &ObservedCall) -> String {
    format!("{}:{}", describe_field(call.service.as_ref()), describe_field(call.operation.as_ref()))
}

fn known_text(held: &Option<String>) -> FactValue<'_> {
    FactValue::Text(describe_field(held.as_ref()).to_owned())
}

fn observed_call(held: &ObservedCall) -> FactValue<'_> {
    FactValue::Text(describe_call(held))
}

fn word<'a>(held: &'a &'static str) -> FactValue<'a> {
    FactValue::Text((*held).to_owned())
}

fn flag(held: &bool) -> FactValue<'_> {
    FactValue::Flag(*held)
}

fn number(held: &i64) -> FactValue<'_> {
    FactValue::Number(*held)
}

fn status(held: &u16) -> FactValue<'_> {
    FactValue::Number(i64::from(*held))
}

fn class(held: &Class) -> FactValue<'_> {
    FactValue::Text(held.as_str().to_owned())
}

fn id(held: &FindingId) -> FactValue<'_> {
    FactValue::Text(held.as_str().to_owned())
}

fn date(held: &jiff::civil::Date) -> FactValue<'_> {
    FactValue::Text(held.to_string())
}

fn jobs(held: &[JobName]) -> FactValue<'_> {
    FactValue::List(held.iter().map(|name| Cow::from(name.as_str())).collect())
}

fn list(held: &[String]) -> FactValue<'_> {
    FactValue::List(held.iter().map(Cow::from).collect())
}

fn clashes(held: &[ClashingJob]) -> FactValue<'_> {
    FactValue::List(held.iter().map(|clash| Cow::from(clash.to_string())).collect())
}

/// A job with the name of another file's job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClashingJob {
    /// The name of both jobs.
    pub name: JobName,
    /// The file of the job that keeps the name.
    pub other_file: Option<Arc<str>>,
    /// The name that the job got.
    pub new_name: JobName,
}

impl fmt::Display for ClashingJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(file) = &self.other_file {
            write!(f, " of {file}")?;
        }
        write!(f, " is also in this file, as {}", self.new_name)
    }
}

/// Roles that refused the checker itself: so many that one cause is likelier than one for each role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommonRefusal {
    /// The roles that refused it.
    pub refused: usize,
    /// The roles that it tried with its own credentials.
    pub tried: usize,
    /// The accounts of these roles.
    pub accounts: usize,
}

impl fmt::Display for CommonRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { refused, tried, accounts } = self;
        write!(f, "{refused} of {tried} roles")?;
        if *accounts > 1 { write!(f, " in {accounts} accounts") } else { f.write_str(" in its account") }
    }
}

fn common_refusal(held: &CommonRefusal) -> FactValue<'_> {
    FactValue::Text(held.to_string())
}

/// The provenance of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provenance {
    /// This run.
    ThisRun,
    /// An answer of AWS.
    Aws,
    /// AWS's model of an API call.
    ApiModel(&'static str),
    /// A rule of STS.
    Sts(&'static str),
    /// A rule or an answer of IAM.
    Iam(&'static str),
    /// A service and its setting.
    Service(&'static str),
    /// A key of the inventory.
    Inventory(&'static str),
    /// The inventory as a whole.
    WholeInventory,
    /// A place in the inventory.
    Place(Location),
    /// A template or a plan, and the property in it.
    Planned(String),
    /// A field of a CloudTrail event.
    CloudTrail(&'static str),
    /// The run history of a job.
    RunHistory(&'static str),
    /// Derived from other facts.
    Derived(&'static str),
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ThisRun => f.write_str("this run"),
            Self::Aws => f.write_str("AWS"),
            Self::ApiModel(call) => write!(f, "AWS API model: {call}"),
            Self::Sts(rule) => write!(f, "STS: {rule}"),
            Self::Iam(what) => write!(f, "IAM: {what}"),
            Self::Service(what) => f.write_str(what),
            Self::Inventory(key) => write!(f, "inventory: {key}"),
            Self::WholeInventory => f.write_str("inventory"),
            Self::Place(place) => write!(f, "inventory: {place}"),
            Self::Planned(what) => f.write_str(what),
            Self::CloudTrail(field) => write!(f, "CloudTrail: {field}"),
            Self::RunHistory(what) => write!(f, "run history: {what}"),
            Self::Derived(how) => f.write_str(how),
        }
    }
}

impl LiveSetting {
    /// The service and the answer that a read value comes from.
    pub(super) const fn provenance(&self) -> Provenance {
        Provenance::Service(match self {
            Self::PermissionSet(_) => "IAM Identity Center: SessionDuration of DescribePermissionSet",
            Self::Function(_) => "Lambda: Timeout of GetFunctionConfiguration",
        })
    }
}

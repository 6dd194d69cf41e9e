//! Reads events by their shape. A manual request is read strictly: a misspelt filter must not become a full run.

use serde_json::{Map, Value};

use super::shapes;
use crate::aws::errors::{is_expired_in_cloudtrail, printable};
use crate::facts::{Observation, ObservedCall};
use crate::inventory::RoleArn;
use crate::notify::Notify;
use crate::s3_uri::S3Uri;

/// What an event requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// EventBridge: a full run.
    Schedule {
        /// The event's id, if it is a UUID: it names the run in messages, and the checker's sessions in CloudTrail.
        id: Option<String>,
    },
    /// A person or a pipeline.
    Manual(Manual),
    /// CloudTrail: a call failed with expired credentials.
    Expired {
        /// The event's id.
        id: Option<String>,
        /// What CloudTrail recorded.
        observed: Box<Observation>,
    },
    /// A CloudWatch dashboard's custom widget.
    Widget {
        /// Only the documentation is requested.
        describe: bool,
        /// The dashboard is dark.
        dark: bool,
        /// Globs of job and role names.
        manual: Box<Manual>,
    },
    /// Nothing, and why.
    Ignored(String),
}

/// A manual request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Manual {
    pub(super) jobs: Vec<String>,
    pub(super) roles: Vec<String>,
    pub(super) notify: Option<Notify>,
    /// An inventory to check instead of the function's own, as JSON text.
    pub(super) inventory: Option<String>,
    /// The result of the Athena query to judge, in place of a check.
    pub(super) sessions: Option<S3Uri>,
    pub(super) form: Form,
}

impl Manual {
    /// Whether it requests a run of the whole inventory of the function.
    pub(super) fn is_full(&self) -> bool {
        self.jobs.is_empty() && self.roles.is_empty() && self.inventory.is_none() && self.sessions.is_none()
    }
}

/// How much of the report the answer has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Form {
    #[default]
    Full,
    Summary,
}

/// The most globs of a list, and the longest, in characters: each glob is compared with each job.
const MOST_GLOBS: usize = 1000;
const LONGEST_GLOB: usize = 2048;

/// The keys of a manual request.
const KEYS: [&str; 6] = ["jobs", "roles", "notify", "inventory", "sessions", "report"];

/// How many problems an error lists.
const MOST_PROBLEMS: usize = 20;

/// The largest event, in bytes. The tree of a larger one can fill the memory of the smallest function.
const LARGEST_EVENT: usize = 1024 * 1024;

/// An event that the function cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadEvent {
    #[error("the event has {0} bytes; the function takes up to {LARGEST_EVENT}")]
    TooLarge(usize),
    #[error("the event cannot be read as JSON: {0}")]
    Unreadable(String),
    #[error("the event is not a JSON object; a manual request takes {}", KEYS.join(", "))]
    NotAnObject,
    #[error("{}; valid keys: {}", list(.0), KEYS.join(", "))]
    BadRequest(Vec<EventProblem>),
}

/// A problem of a manual request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum EventProblem {
    #[error("`{0}` is not a key of a manual request")]
    UnknownKey(String),
    #[error("`notify` takes {}", Notify::WORDS.join(", "))]
    Notify,
    #[error("`report` takes full, summary")]
    Report,
    #[error("`inventory` takes an inventory as a JSON object")]
    Inventory,
    #[error("`sessions` takes the result of athena/sessions.sql, as s3://BUCKET/KEY.csv")]
    Sessions,
    #[error("a widget shows the jobs, and takes no `sessions`")]
    SessionsInWidget,
    #[error("`{0}` takes a list of globs, such as [\"nightly-*\"]")]
    NotGlobs(&'static str),
    #[error("`{key}` has {count} globs, and takes at most {MOST_GLOBS}")]
    TooManyGlobs { key: &'static str, count: usize },
    #[error("`{0}` has a glob of more than {LONGEST_GLOB} characters")]
    LongGlob(&'static str),
}

fn list(problems: &[EventProblem]) -> String {
    let mut texts: Vec<String> = problems.iter().take(MOST_PROBLEMS).map(ToString::to_string).collect();
    if problems.len() > MOST_PROBLEMS {
        texts.push(format!("{} more problems", problems.len() - MOST_PROBLEMS));
    }
    texts.join("; ")
}

/// Parses the text of an event, within its bounds.
pub(super) fn parse(text: &str) -> Result<Value, BadEvent> {
    if text.len() > LARGEST_EVENT {
        return Err(BadEvent::TooLarge(text.len()));
    }
    serde_json::from_str(text).map_err(|error| BadEvent::Unreadable(printable(&error.to_string())))
}

impl Event {
    /// Reads an event.
    pub(super) fn read(event: &Value) -> Result<Self, BadEvent> {
        let Value::Object(fields) = event else { return Err(BadEvent::NotAnObject) };
        let text = |key: &str| fields.get(key).and_then(Value::as_str);
        let id = || text("id").filter(|id| shapes::is_uuid(id)).map(str::to_owned);
        if fields.contains_key("describe") || fields.contains_key("widgetContext") {
            return widget(fields);
        }
        if text("detail-type") == Some("AWS API Call via CloudTrail") {
            return Ok(cloudtrail(fields, id()));
        }
        if text("detail-type").is_some() && text("source").is_some() {
            return Ok(Self::Schedule { id: id() });
        }
        manual(fields).map(Self::Manual)
    }
}

/// A CloudTrail event: the call that failed with expired credentials, or why the event is ignored.
fn cloudtrail(fields: &Map<String, Value>, id: Option<String>) -> Event {
    let detail = fields.get("detail").unwrap_or(&Value::Null);
    let text = |path: &str| detail.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    let Some(error_code) = text("/errorCode").map(printable) else {
        return Event::Ignored("the CloudTrail event has no error".to_owned());
    };
    if !is_expired_in_cloudtrail(&error_code) {
        return Event::Ignored(format!("the CloudTrail event's error is {error_code}, not one of expired credentials"));
    }
    let shaped = |path: &str, has_shape: fn(&str) -> bool| text(path).filter(|text| has_shape(text)).map(str::to_owned);
    let observed = Observation {
        role: text("/userIdentity/sessionContext/sessionIssuer/arn").and_then(|arn| RoleArn::parse(arn).ok()),
        caller: shaped("/userIdentity/arn", shapes::is_caller_arn),
        call: ObservedCall {
            service: shaped("/eventSource", shapes::is_service),
            operation: shaped("/eventName", shapes::is_operation),
        },
        error_code,
        time: text("/eventTime").and_then(shapes::time),
        event_id: shaped("/eventID", shapes::is_uuid),
    };
    Event::Expired { id, observed: Box::new(observed) }
}

/// A custom widget's request: its parameters are merged with CloudWatch's own `widgetContext`.
fn widget(fields: &Map<String, Value>) -> Result<Event, BadEvent> {
    let theme = fields.get("widgetContext").and_then(|context| context.get("theme")).and_then(Value::as_str);
    let mut parameters = fields.clone();
    parameters.retain(|key, _| key != "describe" && key != "widgetContext");
    let manual = manual(&parameters)?;
    if manual.sessions.is_some() {
        return Err(BadEvent::BadRequest(vec![EventProblem::SessionsInWidget]));
    }
    Ok(Event::Widget {
        describe: fields.contains_key("describe"),
        dark: theme == Some("dark"),
        manual: Box::new(manual),
    })
}

fn manual(fields: &Map<String, Value>) -> Result<Manual, BadEvent> {
    let unknown = fields.keys().filter(|key| !KEYS.contains(&key.as_str()));
    let mut problems: Vec<EventProblem> = unknown.map(|key| EventProblem::UnknownKey(printable(key))).collect();
    let mut manual = Manual {
        jobs: globs(fields, "jobs", &mut problems),
        roles: globs(fields, "roles", &mut problems),
        ..Manual::default()
    };
    match fields.get("notify").map(|word| word.as_str().and_then(Notify::parse)) {
        Some(None) => problems.push(EventProblem::Notify),
        written => manual.notify = written.flatten(),
    }
    match fields.get("report").map(|word| word.as_str().unwrap_or_default()) {
        None | Some("full") => {}
        Some("summary") => manual.form = Form::Summary,
        Some(_) => problems.push(EventProblem::Report),
    }
    match fields.get("inventory") {
        None => {}
        Some(inventory @ Value::Object(_)) => manual.inventory = Some(inventory.to_string()),
        Some(_) => problems.push(EventProblem::Inventory),
    }
    match fields.get("sessions").map(sessions) {
        Some(None) => problems.push(EventProblem::Sessions),
        uri => manual.sessions = uri.flatten(),
    }
    if problems.is_empty() { Ok(manual) } else { Err(BadEvent::BadRequest(problems)) }
}

/// The address of a result. Beside it, Athena writes `KEY.csv.metadata`.
fn sessions(value: &Value) -> Option<S3Uri> {
    value.as_str().filter(|text| text.ends_with(".csv")).and_then(|text| S3Uri::parse(text).ok())
}

fn globs(fields: &Map<String, Value>, key: &'static str, problems: &mut Vec<EventProblem>) -> Vec<String> {
    let Some(value) = fields.get(key) else { return Vec::new() };
    let globs = value
        .as_array()
        .map(|globs| globs.iter().map(|glob| glob.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
    match globs {
        Some(Some(globs)) if globs.len() > MOST_GLOBS => {
            problems.push(EventProblem::TooManyGlobs { key, count: globs.len() });
            Vec::new()
        }
        Some(Some(globs)) if globs.iter().any(|glob| glob.chars().count() > LONGEST_GLOB) => {
            problems.push(EventProblem::LongGlob(key));
            Vec::new()
        }
        Some(Some(globs)) if !globs.is_empty() => globs,
        _ => {
            problems.push(EventProblem::NotGlobs(key));
            Vec::new()
        }
    }
}

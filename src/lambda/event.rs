//! Events, told apart by their shape (interface section 7). A manual request is read strictly: a misspelt filter must
//! not become a full run.

use serde_json::{Map, Value};

use crate::notify::Notify;

/// What an event asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// EventBridge: a full run.
    Schedule {
        /// The event's id.
        id: Option<String>,
    },
    /// A person or a pipeline.
    Manual(Manual),
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
    pub(super) form: Form,
}

/// How much of the report is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Form {
    #[default]
    Full,
    Summary,
}

/// The keys of a manual request.
const KEYS: [&str; 5] = ["jobs", "roles", "notify", "inventory", "report"];

/// CloudTrail's error codes of expired credentials (lease-rules 4; the prefixed forms are unconfirmed).
const EXPIRED: [&str; 5] =
    ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "Client.RequestExpired", "Client.ExpiredToken"];

impl Event {
    pub(super) fn read(event: &Value) -> Result<Self, String> {
        let Value::Object(fields) = event else {
            return Err(format!("the event is not a JSON object; a manual request takes {}", KEYS.join(", ")));
        };
        let text = |key: &str| fields.get(key).and_then(Value::as_str);
        if fields.contains_key("describe") || fields.contains_key("widgetContext") {
            return Err("this version does not answer CloudWatch dashboards".to_owned());
        }
        if text("detail-type") == Some("AWS API Call via CloudTrail") {
            let code = fields.get("detail").and_then(|detail| detail.get("errorCode")).and_then(Value::as_str);
            return match code {
                Some(code) if EXPIRED.contains(&code) => {
                    Err("this version does not read CloudTrail events of expired credentials".to_owned())
                }
                Some(code) => Ok(Self::Ignored(format!(
                    "the CloudTrail event's error is {}, not one of expired credentials",
                    crate::failure::printable(code)
                ))),
                None => Ok(Self::Ignored("the CloudTrail event tells of no error".to_owned())),
            };
        }
        if text("detail-type").is_some() && text("source").is_some() {
            return Ok(Self::Schedule { id: text("id").map(crate::failure::printable) });
        }
        manual(fields).map(Self::Manual)
    }
}

fn manual(fields: &Map<String, Value>) -> Result<Manual, String> {
    let mut problems: Vec<String> = fields
        .keys()
        .filter(|key| !KEYS.contains(&key.as_str()))
        .map(|key| format!("`{}` is not a key of a manual request", crate::failure::printable(key)))
        .collect();
    let mut manual = Manual {
        jobs: globs(fields, "jobs", &mut problems),
        roles: globs(fields, "roles", &mut problems),
        ..Manual::default()
    };
    match fields.get("notify").map(|word| word.as_str().and_then(Notify::parse)) {
        Some(None) => problems.push(format!("`notify` takes {}", Notify::WORDS.join(", "))),
        written => manual.notify = written.flatten(),
    }
    match fields.get("report").map(|word| word.as_str().unwrap_or_default()) {
        None | Some("full") => {}
        Some("summary") => manual.form = Form::Summary,
        Some(_) => problems.push("`report` takes full, summary".to_owned()),
    }
    match fields.get("inventory") {
        None => {}
        Some(inventory @ Value::Object(_)) => manual.inventory = Some(inventory.to_string()),
        Some(_) => problems.push("`inventory` takes an inventory as a JSON object".to_owned()),
    }
    if problems.is_empty() {
        Ok(manual)
    } else {
        Err(format!("{}; valid keys: {}", problems.join("; "), KEYS.join(", ")))
    }
}

fn globs(fields: &Map<String, Value>, key: &str, problems: &mut Vec<String>) -> Vec<String> {
    let Some(value) = fields.get(key) else { return Vec::new() };
    let globs = value
        .as_array()
        .map(|globs| globs.iter().map(|glob| glob.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
    match globs {
        Some(Some(globs)) if !globs.is_empty() => globs,
        _ => {
            problems.push(format!("`{key}` takes a list of globs, such as [\"nightly-*\"]"));
            Vec::new()
        }
    }
}

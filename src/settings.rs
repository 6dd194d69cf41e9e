//! The function's settings: every environment variable in one table. A bad value is an error, never a silent default.

use std::fmt;

use crate::aws::DEFAULT_CONCURRENCY;
use crate::findings::Severity;
use crate::inventory::{BadSource, InventorySource, InventorySources, Seconds};
use crate::notify::state::{DEFAULT_REMIND_AFTER, LEAST_REMIND_AFTER, MOST_REMIND_AFTER};
use crate::notify::{
    ConsolePages, DEFAULT_MAX_MESSAGE_BYTES, Dashboard, EventBusArn, LEAST_MAX_MESSAGE_BYTES, MOST_MAX_MESSAGE_BYTES,
    NotATopic, NotAnEventBus, Notify, TopicArn, Wanted,
};
use crate::s3_uri::{BadS3Uri, S3Folder, S3Uri};

/// The most concurrent calls that can be set.
pub const MOST_CONCURRENCY: usize = 1000;

/// An environment variable: its name, its values and its default in words. `scripts/reference` writes the table of the
/// documentation.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// The name.
    pub name: &'static str,
    /// The values it takes.
    pub takes: &'static str,
    /// The value where it is not set, or empty.
    pub default: &'static str,
}

/// Every environment variable of the function, besides those of the SDK.
pub const VARIABLES: [Variable; 15] = [
    Variable {
        name: "INVENTORY",
        takes: "a file, a folder, s3://BUCKET/KEY, s3://BUCKET/PREFIX/ or ssm:/PATH; several separated by commas",
        default: "/opt/inventory",
    },
    Variable { name: "TOPIC_ARN", takes: "the ARN of an SNS topic", default: "no messages" },
    Variable {
        name: "EVENT_BUS",
        takes: "the ARN of an EventBridge event bus: an event for each finding",
        default: "no events",
    },
    Variable {
        name: "CHAT_TOPIC_ARN",
        takes: "the ARN of an SNS topic of Amazon Q Developer in chat applications",
        default: "no notifications in a chat",
    },
    Variable {
        name: "NOTIFY",
        takes: "findings, always, never or changes; changes needs STATE_URI",
        default: "findings; changes with STATE_URI",
    },
    Variable {
        name: "MANUAL_INVENTORY",
        takes: "deny, check or publish: what is done with the `inventory` of a manual request",
        default: "check",
    },
    Variable { name: "MIN_SEVERITY", takes: "low, medium, high or critical; of messages only", default: "low" },
    Variable { name: "MAX_MESSAGE_BYTES", takes: "1024 to 1048576", default: "262144" },
    Variable { name: "STATE_URI", takes: "s3://BUCKET/KEY: the object for the state", default: "nothing is stored" },
    Variable {
        name: "REMIND_AFTER",
        takes: "1h to 365d; when `changes` publishes an unchanged finding again",
        default: "7d",
    },
    Variable {
        name: "SESSIONS_FROM",
        takes: "s3://BUCKET/PREFIX/: where results of athena/sessions.sql may be read",
        default: "requests with `sessions` are refused",
    },
    Variable { name: "CONCURRENCY", takes: "1 to 1000", default: "32" },
    Variable { name: "METRICS_NAMESPACE", takes: "a CloudWatch namespace", default: "CredentialHealth" },
    Variable { name: "RUNBOOK_BASE_URL", takes: "an http(s) URL; `/ID.md` is added", default: "docs/findings" },
    Variable {
        name: "DASHBOARD",
        takes: "the ARN of a CloudWatch dashboard; messages without RUNBOOK_BASE_URL link to it and to the log",
        default: "messages link to the log",
    },
];

/// The memory of the function for each byte of a folder's files. Files of short jobs that all lapse take up to 180
/// bytes for each of their bytes, findings and report included.
const MEMORY_OF_A_BYTE: u64 = 256;

/// The memory of the function for each byte of a result of Athena. A result of 18 MB with 11,000 findings takes 75 MB.
const MEMORY_OF_A_RESULT_BYTE: u64 = 12;

/// What is done with the inventory of a manual request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ManualInventory {
    /// The request is refused.
    Deny,
    /// It is checked and answered. Nothing is published.
    #[default]
    Check,
    /// It is checked, answered and published.
    Publish,
}

/// The function's settings, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The sources of the inventory.
    pub inventory: InventorySources,
    /// The topic of the messages.
    pub topic: Option<TopicArn>,
    /// The bus of the events.
    pub event_bus: Option<EventBusArn>,
    /// The topic of Amazon Q Developer in chat applications.
    pub chat_topic: Option<TopicArn>,
    /// Which messages are sent.
    pub wanted: Wanted,
    /// What is done with the inventory of a manual request.
    pub manual_inventory: ManualInventory,
    /// The place of the state.
    pub state: Option<S3Uri>,
    /// Where the `sessions` of a request may be.
    pub sessions_from: Option<S3Folder>,
    /// When an unchanged finding is published again.
    pub remind_after: Seconds,
    /// The most concurrent calls.
    pub concurrency: usize,
    /// The namespace of the metrics.
    pub metrics_namespace: String,
    /// Where the pages about findings are.
    pub runbook_base_url: Option<String>,
    /// The pages of the console that messages link to.
    pub console: Option<ConsolePages>,
    /// The most bytes of the inventory's files; `None`: Lambda does not state the function's memory.
    pub most_of_folder: Option<u64>,
    /// The most bytes of the `sessions` of a request.
    pub most_of_sessions: u64,
}

/// Every bad setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct BadSettings(pub Vec<BadSetting>);

impl fmt::Display for BadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&problems.join("; "))
    }
}

/// A variable with a bad value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct BadSetting {
    /// The variable.
    pub name: &'static str,
    /// What is wrong with its value.
    pub problem: BadValue,
}

/// What is wrong with the value of a variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    /// Not the sources of an inventory.
    #[error(transparent)]
    Inventory(BadSource),
    /// The function has no standard input.
    #[error("`-` is standard input, which the function does not have")]
    StandardInput,
    /// Not a topic.
    #[error(transparent)]
    Topic(NotATopic),
    /// Not an event bus.
    #[error(transparent)]
    EventBus(NotAnEventBus),
    /// A FIFO topic for a chat.
    #[error("`{0}` is a FIFO topic, to which Amazon Q Developer cannot subscribe: name a standard topic")]
    FifoChatTopic(String),
    /// Not an object or a folder in S3.
    #[error(transparent)]
    S3Uri(BadS3Uri),
    /// Not one of the words.
    #[error("`{text}` is not one of {words}")]
    Word {
        /// The value.
        text: String,
        /// The words.
        words: &'static str,
    },
    /// `changes` without a state.
    #[error("`changes` needs STATE_URI, the object for the state")]
    ChangesWithoutState,
    /// Not a duration.
    #[error("`{text}` {problem}; write a duration such as 7d or 12h")]
    Duration {
        /// The value.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A reminder interval out of range.
    #[error("`{0}` is not from {LEAST_REMIND_AFTER} to 365d")]
    RemindAfter(String),
    /// Not a number in the range.
    #[error("`{text}` is not a whole number from {least} to {most}")]
    Number {
        /// The value.
        text: String,
        /// The least number.
        least: usize,
        /// The largest number.
        most: usize,
    },
    /// Not a URL.
    #[error("`{0}` is not an http(s) URL")]
    Url(String),
    /// Not the ARN of a dashboard.
    #[error("`{0}` is not the ARN of a CloudWatch dashboard: arn:aws:cloudwatch::ACCOUNT:dashboard/NAME")]
    Dashboard(String),
    /// Not a namespace.
    #[error("`{0}` is not a CloudWatch namespace: at most 255 letters, digits and .-_/#:")]
    Namespace(String),
    /// A namespace of AWS.
    #[error("namespaces that start with `AWS/` are reserved for AWS")]
    ReservedNamespace,
}

impl Settings {
    /// Reads the settings; an empty variable counts as unset.
    ///
    /// # Errors
    /// Every problem, each with its variable.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, BadSettings> {
        let mut read = SettingsReader { variable: &variable, problems: Vec::new() };
        let has_state = read.text("STATE_URI").is_some();
        let topic = read.parsed("TOPIC_ARN", |text| TopicArn::parse(text).map_err(BadValue::Topic));
        let event_bus = read.parsed("EVENT_BUS", |text| EventBusArn::parse(text).map_err(BadValue::EventBus));
        let chat_topic = read.parsed("CHAT_TOPIC_ARN", parse_chat_topic);
        let state = read.parsed("STATE_URI", |text| S3Uri::parse(text).map_err(BadValue::S3Uri));
        let sessions_from = read.parsed("SESSIONS_FROM", |text| S3Folder::parse(text).map_err(BadValue::S3Uri));
        let notify = read.parsed("NOTIFY", |text| parse_notify(text, has_state));
        let manual_inventory = read.parsed("MANUAL_INVENTORY", parse_manual_inventory);
        let remind_after = read.parsed("REMIND_AFTER", parse_remind_after);
        let min_severity = read.parsed("MIN_SEVERITY", |text| {
            Severity::parse(text).ok_or_else(|| bad_word(text, "low, medium, high, critical"))
        });
        let max_bytes = read
            .parsed("MAX_MESSAGE_BYTES", |text| parse_number(text, LEAST_MAX_MESSAGE_BYTES, MOST_MAX_MESSAGE_BYTES));
        let concurrency = read.parsed("CONCURRENCY", |text| parse_number(text, 1, MOST_CONCURRENCY));
        let metrics_namespace = read.parsed("METRICS_NAMESPACE", parse_namespace);
        let runbook_base_url = read.parsed("RUNBOOK_BASE_URL", parse_url);
        let dashboard =
            read.parsed("DASHBOARD", |text| Dashboard::parse(text).ok_or_else(|| BadValue::Dashboard(text.to_owned())));
        // Lambda sets these in every function.
        let log_group = read.text("AWS_LAMBDA_LOG_GROUP_NAME");
        let megabytes = read.text("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|text| text.parse::<u32>().ok());
        let memory = megabytes.map(|megabytes| u64::from(megabytes) * 1024 * 1024);
        let region = read.text("AWS_REGION");
        let inventory = read.parsed("INVENTORY", parse_sources);
        if !read.problems.is_empty() {
            return Err(BadSettings(read.problems));
        }
        Ok(Self {
            inventory: inventory.unwrap_or_else(|| InventorySource::Path("/opt/inventory".into()).into()),
            topic,
            event_bus,
            chat_topic,
            wanted: Wanted {
                notify: notify.unwrap_or(if has_state { Notify::Changes } else { Notify::Findings }),
                min_severity: min_severity.unwrap_or(Severity::Low),
                max_bytes: max_bytes.unwrap_or(DEFAULT_MAX_MESSAGE_BYTES),
            },
            manual_inventory: manual_inventory.unwrap_or_default(),
            state,
            sessions_from,
            remind_after: remind_after.unwrap_or(DEFAULT_REMIND_AFTER),
            concurrency: concurrency.unwrap_or(DEFAULT_CONCURRENCY),
            metrics_namespace: metrics_namespace.unwrap_or_else(|| "CredentialHealth".to_owned()),
            console: region
                .and_then(|region| ConsolePages::new(&region, dashboard, log_group))
                .filter(|_| runbook_base_url.is_none()),
            runbook_base_url,
            most_of_folder: memory.map(|memory| memory / MEMORY_OF_A_BYTE),
            most_of_sessions: memory.map_or(u64::MAX, |memory| memory / MEMORY_OF_A_RESULT_BYTE),
        })
    }
}

/// Reads variables and collects their problems.
struct SettingsReader<'v> {
    variable: &'v dyn Fn(&str) -> Option<String>,
    problems: Vec<BadSetting>,
}

impl SettingsReader<'_> {
    /// The text of a variable that is set and not empty.
    fn text(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.trim().is_empty())
    }

    fn parsed<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Result<T, BadValue>) -> Option<T> {
        match parse(&self.text(name)?) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.problems.push(BadSetting { name, problem });
                None
            }
        }
    }
}

fn parse_sources(text: &str) -> Result<InventorySources, BadValue> {
    let sources = InventorySources::parse(text).map_err(BadValue::Inventory)?;
    let has_standard_input = sources.iter().any(|source| matches!(source, InventorySource::StandardInput));
    if has_standard_input { Err(BadValue::StandardInput) } else { Ok(sources) }
}

fn bad_word(text: &str, words: &'static str) -> BadValue {
    BadValue::Word { text: text.to_owned(), words }
}

fn parse_notify(text: &str, has_state: bool) -> Result<Notify, BadValue> {
    match text {
        "changes" if has_state => Ok(Notify::Changes),
        "changes" => Err(BadValue::ChangesWithoutState),
        _ => Notify::parse(text).ok_or_else(|| bad_word(text, "findings, always, never, changes")),
    }
}

/// SNS delivers a FIFO topic to queues only (SNS, Message delivery for FIFO topics).
fn parse_chat_topic(text: &str) -> Result<TopicArn, BadValue> {
    let topic = TopicArn::parse(text).map_err(BadValue::Topic)?;
    if topic.is_fifo() { Err(BadValue::FifoChatTopic(text.to_owned())) } else { Ok(topic) }
}

fn parse_manual_inventory(text: &str) -> Result<ManualInventory, BadValue> {
    match text {
        "deny" => Ok(ManualInventory::Deny),
        "check" => Ok(ManualInventory::Check),
        "publish" => Ok(ManualInventory::Publish),
        _ => Err(bad_word(text, "deny, check, publish")),
    }
}

fn parse_remind_after(text: &str) -> Result<Seconds, BadValue> {
    let length = Seconds::parse(text)
        .map_err(|problem| BadValue::Duration { text: text.to_owned(), problem: problem.to_string() })?;
    let is_in_range = (LEAST_REMIND_AFTER..=MOST_REMIND_AFTER).contains(&length);
    if is_in_range { Ok(length) } else { Err(BadValue::RemindAfter(text.to_owned())) }
}

fn parse_number(text: &str, least: usize, most: usize) -> Result<usize, BadValue> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| BadValue::Number { text: text.to_owned(), least, most })
}

fn parse_url(text: &str) -> Result<String, BadValue> {
    let is_url = (text.starts_with("https://") || text.starts_with("http://"))
        && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if is_url { Ok(text.to_owned()) } else { Err(BadValue::Url(text.to_owned())) }
}

/// CloudWatch: 1 to 255 of letters, digits and `.-_/#: `, not starting with `AWS/` (PutMetricData, `Namespace`).
fn parse_namespace(text: &str) -> Result<String, BadValue> {
    let is_allowed = text.len() <= 255 && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_/#: ".contains(c));
    match () {
        () if !is_allowed => Err(BadValue::Namespace(text.to_owned())),
        () if text.starts_with("AWS/") => Err(BadValue::ReservedNamespace),
        () => Ok(text.to_owned()),
    }
}

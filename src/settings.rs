//! The function's settings: every environment variable in one table. A bad value is an error, never a silent default.

use std::path::PathBuf;

use crate::findings::Severity;
use crate::inventory::Seconds;
use crate::notify::{
    DEFAULT_MAX_MESSAGE_BYTES, LEAST_MAX_MESSAGE_BYTES, MOST_MAX_MESSAGE_BYTES, Notify, TopicArn, Wanted,
};
use crate::probe::DEFAULT_CONCURRENCY;
use crate::state::{DEFAULT_REMIND_AFTER, LEAST_REMIND_AFTER, MOST_REMIND_AFTER, StateUri};

/// Most calls under way at once that can be set.
pub const MOST_CONCURRENCY: usize = 1000;

/// An environment variable: its name, what it takes, its default in words. `scripts/reference` writes the table of the documentation.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// The name.
    pub name: &'static str,
    /// What it takes.
    pub takes: &'static str,
    /// What holds when it is not set, or empty.
    pub default: &'static str,
}

/// Every environment variable of the function beside the SDK's own.
pub const VARIABLES: [Variable; 10] = [
    Variable { name: "INVENTORY", takes: "a file or a folder", default: "/opt/inventory" },
    Variable { name: "TOPIC_ARN", takes: "the ARN of an SNS topic", default: "no messages" },
    Variable {
        name: "NOTIFY",
        takes: "findings, always, never or changes; changes needs STATE_URI",
        default: "findings; changes with STATE_URI",
    },
    Variable { name: "MIN_SEVERITY", takes: "low, medium, high or critical; of messages only", default: "low" },
    Variable { name: "MAX_MESSAGE_BYTES", takes: "1024 to 1048576", default: "262144" },
    Variable { name: "STATE_URI", takes: "s3://BUCKET/KEY: the object for the state", default: "nothing is stored" },
    Variable {
        name: "REMIND_AFTER",
        takes: "1h to 365d; when `changes` publishes an unchanged finding again",
        default: "7d",
    },
    Variable { name: "CONCURRENCY", takes: "1 to 1000", default: "32" },
    Variable { name: "METRICS_NAMESPACE", takes: "a CloudWatch namespace", default: "CredentialHealth" },
    Variable { name: "RUNBOOK_BASE_URL", takes: "an http(s) URL; `/ID.md` is added", default: "docs/findings" },
];

/// The function's settings, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the inventory is.
    pub inventory: PathBuf,
    /// Where messages go.
    pub topic: Option<TopicArn>,
    /// Which messages are sent.
    pub wanted: Wanted,
    /// Where what was told is kept.
    pub state: Option<StateUri>,
    /// When an unchanged finding is told again.
    pub remind_after: Seconds,
    /// Most calls under way at once.
    pub concurrency: usize,
    /// The namespace of the metrics.
    pub metrics_namespace: String,
    /// Where the pages about findings are.
    pub runbook_base_url: Option<String>,
}

impl Settings {
    /// Reads the settings; an empty variable is the same as none.
    ///
    /// # Errors
    /// Every problem there is, each naming its variable.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let value = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let mut read = |name: &str, parse: &dyn Fn(&str) -> Option<String>| {
            value(name).filter(|value| match parse(value) {
                None => true,
                Some(problem) => {
                    problems.push(format!("{name}: {problem}"));
                    false
                }
            })
        };
        let topic = read("TOPIC_ARN", &|text| TopicArn::parse(text).err());
        let state = read("STATE_URI", &|text| StateUri::parse(text).err());
        let has_state = value("STATE_URI").is_some();
        let notify = read("NOTIFY", &|text| match notify_of(text) {
            None => Some(format!("`{text}` is not one of {}, changes", Notify::WORDS.join(", "))),
            Some(Notify::Changes) if !has_state => {
                Some("`changes` needs STATE_URI, where what was told is kept".to_owned())
            }
            Some(_) => None,
        });
        let remind = read("REMIND_AFTER", &remind_after_problem);
        let severity = read("MIN_SEVERITY", &|text| {
            Severity::parse(text).is_none().then(|| format!("`{text}` is not one of low, medium, high, critical"))
        });
        let max_bytes =
            read("MAX_MESSAGE_BYTES", &|text| out_of_range(text, LEAST_MAX_MESSAGE_BYTES, MOST_MAX_MESSAGE_BYTES));
        let concurrency = read("CONCURRENCY", &|text| out_of_range(text, 1, MOST_CONCURRENCY));
        let namespace = read("METRICS_NAMESPACE", &namespace_problem);
        let runbook = read("RUNBOOK_BASE_URL", &|text| {
            let fits = (text.starts_with("https://") || text.starts_with("http://"))
                && !text.chars().any(|c| c.is_whitespace() || c.is_control());
            (!fits).then(|| format!("`{text}` is not an http(s) URL"))
        });
        if !problems.is_empty() {
            return Err(problems);
        }
        let number = |text: Option<String>, default| text.and_then(|text| text.parse().ok()).unwrap_or(default);
        Ok(Self {
            inventory: value("INVENTORY").unwrap_or_else(|| "/opt/inventory".to_owned()).into(),
            topic: topic.and_then(|text| TopicArn::parse(&text).ok()),
            wanted: Wanted {
                notify: notify.and_then(|word| notify_of(&word)).unwrap_or(match has_state {
                    true => Notify::Changes,
                    false => Notify::Findings,
                }),
                min_severity: severity.and_then(|word| Severity::parse(&word)).unwrap_or(Severity::Low),
                max_bytes: number(max_bytes, DEFAULT_MAX_MESSAGE_BYTES),
            },
            state: state.and_then(|text| StateUri::parse(&text).ok()),
            remind_after: remind.and_then(|text| Seconds::parse(&text).ok()).unwrap_or(DEFAULT_REMIND_AFTER),
            concurrency: number(concurrency, DEFAULT_CONCURRENCY),
            metrics_namespace: namespace.unwrap_or_else(|| "CredentialHealth".to_owned()),
            runbook_base_url: runbook,
        })
    }
}

fn notify_of(word: &str) -> Option<Notify> {
    if word == "changes" { Some(Notify::Changes) } else { Notify::parse(word) }
}

fn remind_after_problem(text: &str) -> Option<String> {
    match Seconds::parse(text) {
        Err(problem) => Some(format!("`{text}` {problem}; write a duration such as 7d or 12h")),
        Ok(length) => (!(LEAST_REMIND_AFTER..=MOST_REMIND_AFTER).contains(&length))
            .then(|| format!("`{text}` is not from {LEAST_REMIND_AFTER} to 365d")),
    }
}

fn out_of_range(text: &str, least: usize, most: usize) -> Option<String> {
    let fits = text.parse::<usize>().is_ok_and(|number| (least..=most).contains(&number));
    (!fits).then(|| format!("`{text}` is not a whole number from {least} to {most}"))
}

/// CloudWatch: 1 to 255 of letters, digits and `.-_/#: `, not starting with `AWS/` (PutMetricData, `Namespace`).
fn namespace_problem(text: &str) -> Option<String> {
    let fits = text.len() <= 255 && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_/#: ".contains(c));
    if !fits {
        return Some(format!("`{text}` is not a CloudWatch namespace: at most 255 letters, digits and .-_/#:"));
    }
    text.starts_with("AWS/").then(|| "a namespace that starts with `AWS/` is AWS's own".to_owned())
}

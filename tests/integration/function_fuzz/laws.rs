//! What holds for each answer, message and log line of the function, whatever the input.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::stand_in::{Credentials, Fault, Message};

/// The error types of interface and documentation.
const ERRORS: [&str; 5] = ["BadEvent", "BadInventory", "NotPublished", "StateNotSaved", "NoAnswer"];

/// One start of the function: its settings, and what was seen so far.
pub struct Round {
    settings: String,
    inventory: String,
    most_bytes: usize,
    /// Run id and fingerprint of each finding of a full report.
    found: BTreeSet<(String, String)>,
    pub broken: Vec<String>,
}

impl Round {
    pub fn new(settings: &[(&'static str, String)], inventory: String) -> Self {
        let bytes = settings.iter().find(|(name, _)| *name == "MAX_MESSAGE_BYTES");
        Self {
            settings: format!("{settings:?}"),
            inventory,
            most_bytes: bytes.map_or(262_144, |(_, bytes)| bytes.parse().unwrap()),
            found: BTreeSet::new(),
            broken: Vec::new(),
        }
    }

    pub fn law(&mut self, holds: bool, broken: impl FnOnce() -> String) {
        if !holds {
            let inventory: String = self.inventory.chars().take(300).collect();
            self.broken.push(format!("{} | settings {} | inventory {inventory:?}", broken(), self.settings));
        }
    }

    pub fn no_credential(&mut self, place: &str, text: &str) {
        let canary = Credentials::CANARIES.into_iter().find(|canary| text.contains(canary));
        let around = canary.and_then(|canary| text.find(canary)).unwrap_or_default();
        let near: String = text.get(around.saturating_sub(80)..).unwrap_or(text).chars().take(160).collect();
        self.law(canary.is_none(), || format!("a credential in {place}: {near:?}"));
    }

    /// Checks an answer. Returns its kind.
    pub fn answered(&mut self, event: &str, faults: &[Fault], answer: &Value) -> String {
        let text = answer.to_string();
        let about = || format!("{:.400} to {event:.300} with {faults:?}", answer.to_string());
        self.no_credential("an answer", &text);
        if let Some(error) = answer.get("errorType") {
            let error = error.as_str().unwrap_or_default().to_owned();
            self.law(ERRORS.contains(&error.as_str()), || format!("an unknown error: {}", about()));
            self.law(text.len() < 100_000, || format!("an error of {} bytes", text.len()));
            return error;
        }
        if answer.get("ignored").is_some() {
            return "ignored".to_owned();
        }
        if answer.get("markdown").is_some() {
            return "Markdown".to_owned();
        }
        if let Some(html) = answer.as_str() {
            self.law(!html.contains("<script>FORGED"), || format!("HTML that is not escaped: {}", about()));
            return "HTML".to_owned();
        }
        self.law(answer["run"]["complete"].is_boolean(), || format!("neither report nor error: {}", about()));
        let complete = answer["run"]["complete"] == true;
        let incomplete = if complete { "complete" } else { "incomplete" };
        let Some(findings) = answer["findings"].as_array() else { return format!("summary, {incomplete}") };
        self.report(answer, findings, complete, &about);
        format!("report, {incomplete}")
    }

    fn report(&mut self, answer: &Value, findings: &[Value], complete: bool, about: &dyn Fn() -> String) {
        let run = answer["run"]["id"].as_str().unwrap_or_default().to_owned();
        let fingerprints = findings.iter().filter_map(|finding| finding["fingerprint"].as_str());
        let found: Vec<(String, String)> = fingerprints.map(|print| (run.clone(), print.to_owned())).collect();
        self.law(found.iter().collect::<BTreeSet<_>>().len() == findings.len(), || {
            format!("a finding twice: {}", about())
        });
        self.found.extend(found);
        let open = |id: &str| findings.iter().any(|finding| finding["id"] == id && finding["waived"].is_null());
        self.law(!complete || !open("not-checked"), || format!("complete with not-checked: {}", about()));
        for job in answer["jobs"].as_array().into_iter().flatten() {
            let hops = || job["hops"].as_array().into_iter().flatten();
            let failed =
                hops().any(|hop| !["assumed", "declared"].contains(&hop["outcome"].as_str().unwrap_or_default()));
            self.law(job["walk"] != "walked" || !failed, || format!("walked, and not: {job}: {}", about()));
        }
        for role in answer["roles"].as_array().into_iter().flatten() {
            let seconds = role["max_session_duration_seconds"].as_u64();
            let fits = seconds.is_none_or(|seconds| (3600..=43_200).contains(&seconds));
            self.law(fits, || format!("an impossible maximum: {role}: {}", about()));
        }
        let open = findings.iter().filter(|finding| finding["waived"].is_null());
        for severity in ["critical", "high", "medium", "low"] {
            let counted = open.clone().filter(|finding| finding["severity"] == severity).count() as u64;
            let stated = answer["summary"]["findings"][severity].as_u64();
            self.law(stated == Some(counted), || format!("{severity}: {counted}, not {stated:?}: {}", about()));
        }
    }

    /// Checks the messages of a topic.
    pub fn published(&mut self, messages: &[Message]) {
        for message in messages {
            self.no_credential("a message", &format!("{message:?}"));
            self.law(message.bytes <= self.most_bytes, || format!("a message of {} bytes", message.bytes));
            let subject = message.subject.clone().unwrap_or_default();
            let fits = subject.len() <= 99 && subject.chars().all(|c| c.is_ascii_graphic() || c == ' ');
            self.law(fits, || format!("a subject {subject:?}"));
            let text = message.text("email").to_owned();
            let lines = || text.lines().map(str::trim_start);
            let forged =
                lines().find(|line| ["[critical] FORGED", "::stop-commands::"].iter().any(|bad| line.starts_with(bad)));
            self.law(forged.is_none(), || format!("a forged line: {forged:?}"));
            let control = text.chars().find(|c| c.is_control() && *c != '\n');
            self.law(control.is_none(), || format!("{control:?} in a message"));
            let json: Result<Value, _> = serde_json::from_str(message.text("sqs"));
            self.law(json.is_ok() || self.most_bytes < 2048, || format!("no JSON in {message:?}"));
        }
    }

    /// Checks the whole log: each finding of each report is in it.
    pub fn logged(&mut self, output: &str, refused: bool) {
        self.no_credential("the log", output);
        let panicked = output.find("panicked").map(|at| output[at..].chars().take(300).collect::<String>());
        self.law(panicked.is_none(), || format!("a panic: {panicked:?}"));
        self.law(!refused || output.contains("bad_settings"), || format!("bad settings are not named: {output:.500}"));
        let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let of_findings = lines.filter(|line| line["event"] == "finding");
        let logged: BTreeSet<_> = of_findings.map(|line| (text(&line, "run_id"), text(&line, "fingerprint"))).collect();
        let missing = self.found.difference(&logged).next().cloned();
        self.law(missing.is_none(), || format!("a finding is not in the log: {missing:?}"));
    }
}

//! The Lambda function: owns events, answers, logs and the deadline; the work is `check`'s.

#![allow(clippy::disallowed_methods, reason = "an entry point reads the clock and the environment")]

mod changes;
mod event;
pub mod logs;

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;

use changes::Teller;
use event::{Event, Form, Manual};

use crate::aws::{Aws, Probe};
use crate::check::{self, Start};
use crate::facts::Observation;
use crate::inventory::{Filter, Inventory, InventorySource};
use crate::notify::{self, Notify, PublishFailure, Sent, TopicArn, Wanted};
use crate::report::{Report, Trigger, v1, widget};
use crate::settings::Settings;
use crate::state::{Loaded, Run, Store};

/// The largest answer of a synchronous invocation, in bytes (Lambda quotas: 6 MB), with room for its envelope.
const LARGEST_ANSWER: usize = 6 * 1024 * 1024 - 4096;

/// How long a dashboard shows the same run.
const FRESH: Duration = Duration::from_secs(15 * 60);

/// The function: settings and clients, made once, and what this execution environment knows to have sent.
#[derive(Debug)]
pub struct Function {
    settings: Settings,
    aws: Aws,
    metrics: fn(&Value),
    sent: Mutex<Sent>,
    /// The last full run's report, for dashboards.
    last: Mutex<Option<(Instant, Report)>>,
}

/// What the function answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The report.
    Report(Box<Report>),
    /// Its counts alone.
    Summary(Value),
    /// The HTML of a dashboard's widget.
    Html(String),
    /// What a dashboard's widget is and takes.
    Markdown {
        /// The text.
        markdown: &'static str,
    },
    /// The event asks for nothing.
    Ignored {
        /// Why.
        ignored: String,
    },
}

/// One invocation, as the runtime tells of it.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Lambda's request id; a retry of an asynchronous event repeats it.
    pub request_id: String,
    /// How long the function may still run.
    pub remaining: Duration,
    /// When it began.
    pub at: Timestamp,
}

impl Function {
    /// Makes the function of its settings; `metrics` gets each line of the embedded metrics.
    #[must_use]
    pub fn new(settings: Settings, aws: Aws, metrics: fn(&Value)) -> Self {
        Self { settings, aws, metrics, sent: Mutex::default(), last: Mutex::default() }
    }

    /// Answers one event: the report, or why there is none.
    ///
    /// # Errors
    /// `BadEvent`, `BadInventory`, `NotPublished`, `StateNotSaved`: the invocation fails, so that Lambda retries it and then
    /// dead-letters the event. The findings are in the log by then.
    pub async fn handle(&self, event: &Value, invocation: &Invocation) -> Result<Answer, Diagnostic> {
        match Event::read(event).map_err(|problem| failed("BadEvent", problem))? {
            Event::Schedule { id } => self.run(id, Trigger::Schedule, Manual::default(), invocation).await,
            Event::Manual(manual) => self.run(None, Trigger::Manual, manual, invocation).await,
            Event::Expired { id, observed } => self.observe(id, *observed, invocation).await,
            Event::Widget { describe: true, .. } => Ok(Answer::Markdown { markdown: widget::DESCRIPTION }),
            Event::Widget { dark, manual, .. } => self.widget(dark, *manual, invocation).await,
            Event::Ignored(ignored) => Ok(Answer::Ignored { ignored }),
        }
    }

    async fn run(
        &self,
        id: Option<String>,
        trigger: Trigger,
        manual: Manual,
        invocation: &Invocation,
    ) -> Result<Answer, Diagnostic> {
        let start = self.start(id, trigger, invocation);
        let aws = self.aws.for_run_of(invocation.remaining);
        let store = self.store(&aws, &manual);
        let load = self.load(store.as_ref(), start.at, Instant::now() + time_to_walk(invocation.remaining));
        let (report, loaded) = tokio::join!(self.check(&aws, &start, &manual, invocation), load);
        let report = report?;
        logs::report(&report);
        // A part of the inventory, or another one, says nothing of the whole: alarms and dashboards stand on full runs.
        if manual.is_full() {
            let at = start.at.as_millisecond();
            notify::embedded_metrics(&report, &self.settings.metrics_namespace, at).iter().for_each(self.metrics);
            *self.last.lock().await = Some((Instant::now(), report.clone()));
        }
        match (&self.settings.topic, &store, loaded) {
            (Some(topic), Some(store), Some(loaded)) => {
                let Wanted { min_severity, .. } = self.settings.wanted;
                let run = Run::new(&report, start.at, min_severity, self.settings.remind_after);
                let teller = Teller { function: self, aws: &aws, topic, store, run: &run, report: &report };
                teller.tell(loaded).await?;
            }
            _ => self.publish(&aws, &report, manual.notify).await?,
        }
        Ok(answer(report, manual.form))
    }

    /// The store of what was told, for the runs that tell changes: full ones, unless the request says what to send.
    fn store(&self, aws: &Aws, manual: &Manual) -> Option<Store> {
        let tells = self.settings.wanted.notify == Notify::Changes && manual.is_full() && manual.notify.is_none();
        let uri = self.settings.state.clone().filter(|_| tells && self.settings.topic.is_some())?;
        Some(Store::new(aws.clone(), uri))
    }

    async fn load(&self, store: Option<&Store>, now: Timestamp, deadline: Instant) -> Option<Loaded> {
        let store = store?;
        let loaded = tokio::time::timeout_at(deadline, store.load(now)).await;
        Some(loaded.unwrap_or_else(|_| store.not_loaded_in_time()))
    }

    async fn observe(
        &self,
        id: Option<String>,
        observed: Observation,
        invocation: &Invocation,
    ) -> Result<Answer, Diagnostic> {
        let inventory = self.inventory(None, invocation).await?;
        let report = check::observe(&inventory, observed, &self.start(id, Trigger::Cloudtrail, invocation)).report;
        logs::report(&report);
        self.publish(&self.aws.for_run_of(invocation.remaining), &report, None).await?;
        Ok(answer(report, Form::Full))
    }

    /// Draws the last full run where it is fresh, so that a dashboard that many people watch does not become many runs.
    async fn widget(&self, dark: bool, manual: Manual, invocation: &Invocation) -> Result<Answer, Diagnostic> {
        let mut last = self.last.lock().await;
        if let Some((at, report)) = last.as_ref()
            && manual.is_full()
            && at.elapsed() < FRESH
        {
            return Ok(Answer::Html(widget::render(report, dark)));
        }
        let start = self.start(None, Trigger::Manual, invocation);
        let report = self.check(&self.aws.for_run_of(invocation.remaining), &start, &manual, invocation).await?;
        let html = widget::render(&report, dark);
        if manual.is_full() {
            *last = Some((Instant::now(), report));
        }
        Ok(Answer::Html(html))
    }

    /// The inventory of the event, or the function's own.
    async fn inventory(&self, of_event: Option<&str>, invocation: &Invocation) -> Result<Inventory, Diagnostic> {
        let from = match of_event {
            Some(text) => InventorySource::Text { name: "event.inventory".to_owned(), text: text.to_owned() },
            None => InventorySource::Path(self.settings.inventory.clone()),
        };
        let today = invocation.at.to_zoned(jiff::tz::TimeZone::UTC).date();
        Inventory::load(&from, today).await.map_err(|problems| failed("BadInventory", problems))
    }

    fn start(&self, id: Option<String>, trigger: Trigger, invocation: &Invocation) -> Start {
        Start {
            id: id.unwrap_or_else(|| invocation.request_id.clone()),
            trigger,
            at: invocation.at,
            clock: Timestamp::now,
            runbook_base_url: self.settings.runbook_base_url.clone(),
        }
    }

    async fn check(
        &self,
        aws: &Aws,
        start: &Start,
        manual: &Manual,
        invocation: &Invocation,
    ) -> Result<Report, Diagnostic> {
        let inventory = self.inventory(manual.inventory.as_deref(), invocation).await?;
        let filter = Filter::new(&manual.jobs, &manual.roles);
        let probe = Probe {
            aws,
            concurrency: self.settings.concurrency,
            deadline: Some(Instant::now() + time_to_walk(invocation.remaining)),
            run_id: &start.id,
            progress: None,
        };
        // Boxed: the walk's future is large, and three events have it in theirs.
        let walked = Box::pin(check::check(&inventory, &filter, start, &probe)).await;
        let outcome = walked.map_err(|nothing| failed("BadEvent", nothing))?;
        Ok(outcome.report)
    }

    async fn publish(&self, aws: &Aws, report: &Report, notify: Option<Notify>) -> Result<(), Diagnostic> {
        let Some(topic) = &self.settings.topic else { return Ok(()) };
        let wanted = Wanted { notify: notify.unwrap_or(self.settings.wanted.notify), ..self.settings.wanted };
        let messages = notify::messages(report, wanted);
        let failures = notify::publish(aws, topic, &messages, &mut *self.sent.lock().await).await;
        if failures.is_empty() {
            return Ok(());
        }
        let (failed, all) = (failures.len(), messages.len());
        Err(not_published(topic, &failures, |each| format!("{failed} of {all} messages: {each}")))
    }
}

/// How long to walk, so that there is time to judge, log and publish: a fifth is kept, 2 to 15 seconds, or two thirds
/// where that is less.
fn time_to_walk(remaining: Duration) -> Duration {
    let kept = (remaining / 5).clamp(Duration::from_secs(2), Duration::from_secs(15));
    remaining.saturating_sub(kept).max(remaining / 3)
}

fn failed(error_type: &str, message: impl ToString) -> Diagnostic {
    let error_message = message.to_string();
    tracing::error!(event = "failed", error_type, message = error_message);
    Diagnostic { error_type: error_type.to_owned(), error_message }
}

/// That messages were not sent, in the log and as the invocation's end, in the words that `tell` makes of each failure's.
fn not_published<'f>(
    topic: &TopicArn,
    failures: impl IntoIterator<Item = &'f PublishFailure>,
    tell: impl FnOnce(&str) -> String,
) -> Diagnostic {
    let each = failures.into_iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    tracing::error!(event = "not_published", topic = topic.as_str(), failures = each);
    failed("NotPublished", tell(&each))
}

/// The report, or its summary where that is asked for or the report would be too large to answer.
fn answer(report: Report, form: Form) -> Answer {
    if form == Form::Summary || !fits(&report, LARGEST_ANSWER) {
        return Answer::Summary(summary(&report));
    }
    Answer::Report(Box::new(report))
}

/// Whether something is at most so many bytes as JSON, of which none is kept.
fn fits(value: &impl Serialize, most: usize) -> bool {
    struct Room(usize);
    impl io::Write for Room {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(text.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(text.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    serde_json::to_writer(Room(most), value).is_ok()
}

/// The counts alone: its lists are left out, and it says so.
fn summary(report: &Report) -> Value {
    let (roles, paths) = (&report.coverage.roles, &report.coverage.paths);
    json!({
        "schema_version": v1::SCHEMA_VERSION,
        "report": "summary",
        "run": v1::RunV1::from(&report.run),
        "summary": v1::SummaryV1::from(&report.summary),
        "coverage": {
            "roles": { "total": roles.total, "assumed": roles.assumed, "described": roles.described, "not_checked_count": roles.not_checked.len() },
            "paths": { "total": paths.total, "walked": paths.walked, "not_walked_count": paths.not_walked.len() },
        },
    })
}

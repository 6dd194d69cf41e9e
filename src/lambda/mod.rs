//! The Lambda function: events, answers, logs and the deadline. `check` does the work.

#![allow(clippy::disallowed_methods, reason = "an entry point reads the clock and the environment")]

mod answer;
mod changes;
mod destinations;
mod event;
pub mod logs;
mod sessions;
mod shapes;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

pub use answer::Answer;
use changes::ChangePublisher;
use destinations::{Destination, Destinations, worst_failure};
use event::{Event, Form, Manual};

use crate::aws::inventory::KeptFiles;
use crate::aws::{Aws, Probe};
use crate::check::{self, Outcome, Start};
use crate::facts::Observation;
use crate::inventory::{Filter, Inventory, InventorySource, InventorySources, RemoteFiles};
use crate::notify::state::{Loaded, Run, Store};
use crate::notify::{self, ManualRun, Notify, Wanted};
use crate::report::{Report, Trigger, widget};
use crate::s3_uri::S3Uri;
use crate::settings::{ManualInventory, Settings};

/// How long a dashboard shows the same run.
const FRESH: Duration = Duration::from_secs(15 * 60);

/// The function: settings, clients and destinations, made once.
#[derive(Debug)]
pub struct Function {
    settings: Settings,
    aws: Aws,
    metrics: fn(&Value),
    destinations: Destinations,
    /// The objects of the inventory, so that only those that have changed are read again.
    kept: Mutex<KeptFiles>,
    /// The last full run's report, for dashboards.
    last: Mutex<Option<(Instant, Arc<Report>)>>,
}

/// One invocation, as the runtime describes it.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Lambda's request id; a retry of an asynchronous event repeats it.
    pub request_id: String,
    /// How long the function may still run.
    pub remaining: Duration,
    /// When it began.
    pub at: Timestamp,
    /// The caller, where the Lambda context names one.
    pub caller: Option<String>,
}

impl Function {
    /// Makes the function of its settings; `metrics` gets each line of the embedded metrics.
    #[must_use]
    pub fn new(settings: Settings, aws: Aws, metrics: fn(&Value)) -> Self {
        let destinations = Destination::all(&settings);
        Self { settings, aws, metrics, destinations, kept: Mutex::default(), last: Mutex::default() }
    }

    /// Answers the event of this text. Lambda delivers JSON that is valid but that no tree can hold: numbers over the
    /// range, lone surrogates, many levels.
    ///
    /// # Errors
    /// As `handle`.
    pub async fn handle_text(&self, event: &str, invocation: &Invocation) -> Result<Answer, Diagnostic> {
        let event = event::parse(event).map_err(|problem| failed("BadEvent", problem))?;
        self.handle(&event, invocation).await
    }

    /// Answers one event: the report, or why there is none.
    ///
    /// # Errors
    /// `BadEvent`, `BadInventory`, `SessionsNotRead`, `NotPublished`, `StateNotSaved`, `NoAnswer`: the invocation
    /// fails, so that Lambda retries it and then dead-letters the event. The findings are in the log by then.
    pub async fn handle(&self, event: &Value, invocation: &Invocation) -> Result<Answer, Diagnostic> {
        match Event::read(event).map_err(|problem| failed("BadEvent", problem))? {
            Event::Schedule { id } => self.run(id, Trigger::Schedule, Manual::default(), invocation).await,
            Event::Manual(manual) => match &manual.sessions {
                Some(uri) => self.judge_sessions(uri, &manual, invocation).await,
                None => self.run(None, Trigger::Manual, manual, invocation).await,
            },
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
        let deadline = Instant::now() + time_to_walk(invocation.remaining);
        let state = self.state(&manual);
        let load = |destination| load(&aws, state, destination, start.at, deadline);
        let [topic, bus, chat] = &self.destinations;
        let (outcome, of_topic, of_bus, of_chat) =
            tokio::join!(self.check(&aws, &start, &manual, invocation), load(topic), load(bus), load(chat));
        let Outcome { report, facts } = outcome?;
        let (report, answers) = (Arc::new(report), facts.answers);
        drop(facts);
        logs::report(&report);
        logs::headrooms(&report);
        // Only full runs of the function's own inventory count for alarms and dashboards.
        if manual.is_full() {
            let at = start.at.as_millisecond();
            notify::embedded_metrics(&report, &self.settings.metrics_namespace, at).iter().for_each(self.metrics);
            *self.last.lock().await = Some((Instant::now(), Arc::clone(&report)));
        }
        let by = requested_by(&manual, invocation);
        let Wanted { min_severity, .. } = self.settings.wanted;
        let run = Run::new(&report, start.at, min_severity, self.settings.remind_after);
        let notify = self.notify(&manual);
        let publish = async |destination: &Option<Destination>, stored| match (destination, stored) {
            (None, _) => Ok(()),
            (Some(destination), None) => self.publish_to(destination, &aws, &report, notify, Some(&by)).await,
            (Some(destination), Some((store, loaded))) => {
                let console = self.settings.console.as_ref();
                let (aws, store, run, manual) = (&aws, &store, &run, Some(&by));
                let publisher = ChangePublisher { aws, destination, store, run, report: &report, manual, console };
                publisher.publish_changes(loaded).await
            }
        };
        let results = tokio::join!(publish(topic, of_topic), publish(bus, of_bus), publish(chat, of_chat));
        worst_failure(results.into())?;
        if answers == 0 {
            let help = "check the function's network, proxies, AWS_ENDPOINT_URL and credentials";
            return Err(failed("NoAnswer", format!("STS and IAM answered no call, and no role was checked: {help}")));
        }
        Ok(Answer::new(report, manual.form))
    }

    /// Reports what the sessions of a result of Athena show. Metrics, the dashboard and the state are about full runs,
    /// whose findings these findings neither replace nor resolve.
    async fn judge_sessions(
        &self,
        uri: &S3Uri,
        manual: &Manual,
        invocation: &Invocation,
    ) -> Result<Answer, Diagnostic> {
        match &self.settings.sessions_from {
            Some(folder) if folder.contains(uri) => {}
            Some(folder) => {
                let message = format!("`sessions` is not below {folder}, which SESSIONS_FROM allows");
                return Err(failed("BadEvent", message));
            }
            None => return Err(failed("BadEvent", "`sessions` is not allowed: SESSIONS_FROM is not set")),
        }
        let start = self.start(None, Trigger::Manual, invocation);
        let aws = self.aws.for_run_of(invocation.remaining);
        let inventory = self.inventory(&aws, manual.inventory.as_deref(), invocation).await?;
        let patience = time_to_walk(invocation.remaining);
        let read = Box::pin(sessions::read(&aws, uri, self.settings.most_of_sessions, patience)).await;
        let sessions = read.map_err(|why| failed("SessionsNotRead", format!("{uri}: {why}")))?;
        logs::sessions(&start.id, uri, &sessions);
        let not_judged = sessions.diagnostics().collect();
        let filter = Filter::new(&manual.jobs, &manual.roles);
        let outcome = check::judge_sessions(&inventory, &filter, Arc::new(sessions), &start);
        let mut report = outcome.map_err(|nothing| failed("BadEvent", nothing))?.report;
        report.add_not_judged(not_judged);
        logs::report(&report);
        self.publish(&aws, &report, self.notify(manual), Some(&requested_by(manual, invocation))).await?;
        Ok(Answer::new(Arc::new(report), manual.form))
    }

    /// When a run sends messages. An inventory that came with the request is published only where the settings allow
    /// it.
    fn notify(&self, manual: &Manual) -> Notify {
        let is_allowed = manual.inventory.is_none() || self.settings.manual_inventory == ManualInventory::Publish;
        match manual.notify {
            _ if !is_allowed => Notify::Never,
            Some(requested) => requested,
            None => self.settings.wanted.notify,
        }
    }

    /// The place of the state, for the runs that publish changes: full ones, unless the request has `notify`.
    fn state(&self, manual: &Manual) -> Option<&S3Uri> {
        let keeps = self.settings.wanted.notify == Notify::Changes && manual.is_full() && manual.notify.is_none();
        self.settings.state.as_ref().filter(|_| keeps)
    }

    async fn observe(
        &self,
        id: Option<String>,
        observed: Observation,
        invocation: &Invocation,
    ) -> Result<Answer, Diagnostic> {
        let aws = self.aws.for_run_of(invocation.remaining);
        let inventory = self.inventory(&aws, None, invocation).await?;
        let report = check::observe(&inventory, observed, &self.start(id, Trigger::Cloudtrail, invocation)).report;
        logs::report(&report);
        self.publish(&aws, &report, self.settings.wanted.notify, None).await?;
        Ok(Answer::new(Arc::new(report), Form::Full))
    }

    /// Shows the last full run while it is fresh, so that a dashboard with many viewers does not start many runs.
    async fn widget(&self, dark: bool, manual: Manual, invocation: &Invocation) -> Result<Answer, Diagnostic> {
        let mut last = self.last.lock().await;
        if let Some((at, report)) = last.as_ref()
            && manual.is_full()
            && at.elapsed() < FRESH
        {
            return Ok(Answer::Html(widget::render(report, dark)));
        }
        let start = self.start(None, Trigger::Manual, invocation);
        let aws = self.aws.for_run_of(invocation.remaining);
        let report = self.check(&aws, &start, &manual, invocation).await?.report;
        let html = widget::render(&report, dark);
        if manual.is_full() {
            *last = Some((Instant::now(), Arc::new(report)));
        }
        Ok(Answer::Html(html))
    }

    /// The inventory of the request, or the function's own.
    async fn inventory(
        &self,
        aws: &Aws,
        of_request: Option<&str>,
        invocation: &Invocation,
    ) -> Result<Inventory, Diagnostic> {
        let from = match of_request {
            Some(_) if self.settings.manual_inventory == ManualInventory::Deny => {
                return Err(failed("BadEvent", "`inventory` is not allowed: MANUAL_INVENTORY is deny"));
            }
            Some(text) => InventorySource::Text { name: "event.inventory".to_owned(), text: text.to_owned() }.into(),
            None => self.settings.inventory.clone(),
        };
        let remote = match from.are_remote() {
            true => self.remote_files(aws, &from, invocation).await?,
            false => RemoteFiles::default(),
        };
        let today = invocation.at.to_zoned(jiff::tz::TimeZone::UTC).date();
        let loaded = Inventory::load_unbroken(&from, remote, today, self.settings.most_of_folder);
        let mut inventory = loaded.map_err(|problems| failed("BadInventory", problems))?;
        if of_request.is_some() {
            // Whoever can invoke the function must not be able to choose under which name it appears in CloudTrail.
            for role in inventory.roles.values_mut() {
                (role.session_name, role.source_identity) = (None, None);
            }
        }
        Ok(inventory)
    }

    /// Reads the inventory from S3 and Parameter Store in half of the time for the walk.
    async fn remote_files(
        &self,
        aws: &Aws,
        from: &InventorySources,
        invocation: &Invocation,
    ) -> Result<RemoteFiles, Diagnostic> {
        let mut kept = self.kept.lock().await;
        let reading = Box::pin(aws.remote_files(from, self.settings.most_of_folder, &mut kept));
        let read = tokio::time::timeout(time_to_walk(invocation.remaining) / 2, reading).await;
        read.map_err(|_| failed("BadInventory", format!("{from} was not read within half of the time for the check")))
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
    ) -> Result<Outcome, Diagnostic> {
        let deadline = Instant::now() + time_to_walk(invocation.remaining);
        let inventory = self.inventory(aws, manual.inventory.as_deref(), invocation).await?;
        let filter = Filter::new(&manual.jobs, &manual.roles);
        let probe = Probe {
            aws,
            concurrency: self.settings.concurrency,
            deadline: Some(deadline),
            run_id: &start.id,
            progress: None,
        };
        // Boxed: the walk's future is large, and the futures of three events hold it.
        let walked = Box::pin(check::check(&inventory, &filter, start, &probe)).await;
        walked.map_err(|nothing| failed("BadEvent", nothing))
    }

    /// Publishes to every destination without a state.
    async fn publish(
        &self,
        aws: &Aws,
        report: &Report,
        notify: Notify,
        manual: Option<&ManualRun>,
    ) -> Result<(), Diagnostic> {
        let publish = async |destination: &Option<Destination>| match destination {
            None => Ok(()),
            Some(destination) => self.publish_to(destination, aws, report, notify, manual).await,
        };
        let [topic, bus, chat] = &self.destinations;
        worst_failure(tokio::join!(publish(topic), publish(bus), publish(chat)).into())
    }

    /// Publishes to one destination without a state.
    async fn publish_to(
        &self,
        destination: &Destination,
        aws: &Aws,
        report: &Report,
        notify: Notify,
        manual: Option<&ManualRun>,
    ) -> Result<(), Diagnostic> {
        let wanted = Wanted { notify, ..self.settings.wanted };
        let digests = notify::digests(report, wanted, manual, self.settings.console.as_ref());
        let outcomes = destination.send(aws, &digests).await;
        destination.not_published(&outcomes).map_or(Ok(()), Err)
    }
}

/// Reads the state of a destination, where there are both.
async fn load(
    aws: &Aws,
    state: Option<&S3Uri>,
    destination: &Option<Destination>,
    now: Timestamp,
    deadline: Instant,
) -> Option<(Store, Loaded)> {
    let store = Store::new(aws.clone(), destination.as_ref()?.state(state?));
    let loaded = tokio::time::timeout_at(deadline, store.load(now)).await;
    let loaded = loaded.unwrap_or_else(|_| store.not_loaded_in_time());
    Some((store, loaded))
}

/// Who requested a run, and what.
fn requested_by(manual: &Manual, invocation: &Invocation) -> ManualRun {
    ManualRun {
        caller: invocation.caller.clone().filter(|caller| shapes::is_name(caller)),
        inventory_of_request: manual.inventory.is_some(),
        sessions: manual.sessions.as_ref().map(ToString::to_string),
    }
}

/// How long to walk, so that time is left to judge, log and publish: a fifth is kept, 2 to 15 seconds, or two thirds
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

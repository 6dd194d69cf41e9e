//! EventBridge: PutEvents.

use std::fmt;

use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};

use super::answer::ErrorAnswer;
use super::client::Aws;
use super::secrets::Secrets;

/// One event for a bus.
pub(crate) struct BusEvent {
    pub(crate) source: &'static str,
    pub(crate) detail_type: &'static str,
    /// A JSON object.
    pub(crate) detail: String,
    /// The ARN that the event is about.
    pub(crate) resource: Option<String>,
}

/// Sends events to buses of one Region. Cheap to clone.
#[derive(Clone)]
pub(crate) struct EventSender {
    client: aws_sdk_eventbridge::Client,
    secrets: Secrets,
}

impl fmt::Debug for EventSender {
    /// Prints only the name: the SDK's own Debug prints the access key id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventSender")
    }
}

impl EventSender {
    /// A sender for buses of this Region.
    pub(crate) fn new(aws: &Aws, region: &str) -> Self {
        Self { client: aws.eventbridge(region), secrets: aws.secrets.clone() }
    }

    /// Sends events to the bus with this ARN and returns the result of each. Success needs an event id: the SDK also
    /// accepts an empty answer, for example from a proxy.
    pub(crate) async fn put(
        &self,
        bus: &str,
        events: &[&BusEvent],
    ) -> Result<Vec<Result<(), ErrorAnswer>>, ErrorAnswer> {
        let entries = events.iter().map(|event| {
            PutEventsRequestEntry::builder()
                .event_bus_name(bus)
                .source(event.source)
                .detail_type(event.detail_type)
                .detail(&event.detail)
                .set_resources(event.resource.clone().map(|resource| vec![resource]))
                .build()
        });
        let sent = self.client.put_events().set_entries(Some(entries.collect())).send().await;
        let answer = sent.map_err(|error| ErrorAnswer::read(&error, &self.secrets))?;
        let results = answer.entries();
        if results.len() != events.len() {
            let message = format!("the answer has {} results for {} events", results.len(), events.len());
            return Err(ErrorAnswer::unreadable(&message));
        }
        Ok(results.iter().map(|result| self.result(result)).collect())
    }

    fn result(&self, result: &PutEventsResultEntry) -> Result<(), ErrorAnswer> {
        match (result.error_code(), result.event_id()) {
            (Some(code), _) => {
                Err(ErrorAnswer::coded(code, 200, result.error_message().unwrap_or_default(), &self.secrets))
            }
            (None, Some(id)) if !id.trim().is_empty() => Ok(()),
            (None, _) => Err(ErrorAnswer::unreadable("the answer has no event id")),
        }
    }
}

//! Puts events on an event bus.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::arn::EventBusArn;
use super::event::{MOST_BYTES, bytes_of, event};
use crate::aws::errors::Class;
use crate::aws::eventbridge::{BusEvent, EventSender};
use crate::aws::{Aws, ErrorAnswer};
use crate::notify::{Digest, SendError, Sink};

/// The most events of a call (EventBridge, service model, PutEventsRequestEntryList).
const MOST_EVENTS: usize = 10;
/// How often an event is sent, and the wait after the first failure, which doubles.
const ATTEMPTS: usize = 4;
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// An event bus, as a sink of digests.
#[derive(Debug, Clone)]
pub struct EventBus {
    sender: EventSender,
    bus: EventBusArn,
    end: Option<Instant>,
}

/// The events of one call.
pub struct Batch(Vec<BusEvent>);

impl EventBus {
    /// The sink of a bus.
    #[must_use]
    pub fn new(aws: &Aws, bus: &EventBusArn) -> Self {
        Self { sender: EventSender::new(aws, bus.region()), bus: bus.clone(), end: aws.end() }
    }

    /// The events that failed, by their place in the batch. At the end of the run's time, the answer is lost.
    async fn put(&self, batch: &Batch, places: &[usize]) -> Result<Vec<(usize, ErrorAnswer)>, ErrorAnswer> {
        let events: Vec<&BusEvent> = places.iter().map(|place| &batch.0[*place]).collect();
        let put = self.sender.put(self.bus.as_str(), &events);
        let results = match self.end {
            None => put.await?,
            Some(end) => timeout_at(end, put).await.unwrap_or_else(|_| {
                Err(ErrorAnswer::local(Class::OutOfTime, "the run's time was up before the events were confirmed"))
            })?,
        };
        Ok(places.iter().zip(results).filter_map(|(place, result)| Some((*place, result.err()?))).collect())
    }
}

impl Sink for EventBus {
    type Message = Batch;

    const SPLITS: bool = true;

    fn message(&self, digest: &Digest<'_>, from: usize) -> Option<Batch> {
        let (mut events, mut bytes) = (Vec::new(), 0);
        for place in (from..digest.len()).take(MOST_EVENTS) {
            let event = event(digest, place);
            bytes += bytes_of(&event);
            if !events.is_empty() && bytes >= MOST_BYTES {
                break;
            }
            events.push(event);
        }
        (!events.is_empty()).then_some(Batch(events))
    }

    fn shown(batch: &Batch) -> usize {
        batch.0.len()
    }

    /// EventBridge can accept some events of a call and fail others. It names two failures that another attempt can
    /// solve: InternalFailure and ThrottlingException (service model, PutEventsResultEntry, ErrorCode).
    async fn send(self, batch: Batch) -> Result<(), SendError> {
        let count = batch.0.len();
        let mut places: Vec<usize> = (0..count).collect();
        let mut wait = FIRST_WAIT;
        for attempt in 1.. {
            let failed = match self.put(&batch, &places).await {
                Ok(failed) => failed,
                Err(answer) => {
                    return Err(SendError { may_be_published: true, ..not_accepted(places, count, &answer) });
                }
            };
            let Some((_, first)) = failed.first() else { break };
            places = failed.iter().map(|(place, _)| *place).collect();
            let is_late = self.end.is_some_and(|end| Instant::now() + wait >= end);
            let can_succeed =
                failed.iter().any(|(_, answer)| matches!(answer.class, Class::Throttled | Class::Unavailable));
            if attempt == ATTEMPTS || is_late || !can_succeed {
                let may_be_published = failed.iter().any(|(_, answer)| answer.code.is_none());
                return Err(SendError { may_be_published, ..not_accepted(places, count, first) });
            }
            sleep(wait).await;
            wait *= 2;
        }
        Ok(())
    }
}

fn not_accepted(places: Vec<usize>, count: usize, answer: &ErrorAnswer) -> SendError {
    let message = format!("{} of {count} events: {}", places.len(), answer.text());
    SendError { class: answer.class, message, may_be_published: false, only: Some(places) }
}

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
/// How often an event is sent at most, and the wait after the first failure, which doubles.
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

    /// EventBridge can accept some events of a call and fail others. Only events whose failure can pass are sent again.
    async fn send(self, batch: Batch) -> Result<(), SendError> {
        let count = batch.0.len();
        let mut places: Vec<usize> = (0..count).collect();
        let mut refused: Vec<(usize, ErrorAnswer)> = Vec::new();
        let mut wait = FIRST_WAIT;
        for attempt in 1.. {
            let failed = match self.put(&batch, &places).await {
                Ok(failed) => failed,
                Err(answer) => {
                    places.extend(refused.iter().map(|(place, _)| *place));
                    return Err(not_accepted(places, count, &answer, true));
                }
            };
            let is_last = attempt == ATTEMPTS || self.end.is_some_and(|end| Instant::now() + wait >= end);
            let (passing, lasting): (Vec<_>, Vec<_>) =
                failed.into_iter().partition(|(_, answer)| !is_last && can_pass(answer));
            refused.extend(lasting);
            places = passing.into_iter().map(|(place, _)| place).collect();
            if places.is_empty() {
                break;
            }
            sleep(wait).await;
            wait *= 2;
        }
        let unclear = refused.iter().find(|(_, answer)| answer.code.is_none());
        match unclear.or(refused.first()) {
            None => Ok(()),
            Some((_, answer)) => {
                let places = refused.iter().map(|(place, _)| *place).collect();
                Err(not_accepted(places, count, answer, unclear.is_some()))
            }
        }
    }
}

/// Whether another attempt can succeed: after InternalFailure and ThrottlingException (service model,
/// PutEventsResultEntry, ErrorCode).
fn can_pass(answer: &ErrorAnswer) -> bool {
    matches!(answer.class, Class::Throttled | Class::Unavailable)
}

fn not_accepted(places: Vec<usize>, count: usize, answer: &ErrorAnswer, may_be_published: bool) -> SendError {
    let message = format!("{} of {count} events: {}", places.len(), answer.text());
    SendError { class: answer.class, message, may_be_published, only: Some(places) }
}

//! The checker's clock against AWS's: reads the Date header of every answer, counts the answers.

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::{DateTime, Format};

/// What the answers of a run told of the time. Shared by every client of the run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock(Arc<Mutex<Seen>>);

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    answers: usize,
    /// The least: the way of an answer only adds to it.
    offset: Option<i64>,
}

impl Seen {
    fn note(&mut self, offset: Option<i64>) {
        self.answers += 1;
        self.offset = [self.offset, offset].into_iter().flatten().min();
    }
}

impl Clock {
    /// How many HTTP answers came, and the checker's clock minus AWS's, in seconds.
    pub(crate) fn seen(&self) -> (usize, Option<i64>) {
        let seen = self.0.lock().map_or_else(|poisoned| *poisoned.into_inner(), |seen| *seen);
        (seen.answers, seen.offset)
    }
}

#[dyn_dispatch_hint]
impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "Clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date =
            context.response().headers().get("date").and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        let now =
            SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_secs()).ok());
        let offset = date.zip(now).map(|(date, now)| now - date.secs());
        if let Ok(mut seen) = self.0.lock() {
            seen.note(offset);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn an_answer_that_was_long_on_its_way_does_not_hide_a_clock_that_is_off() {
        for (offsets, least) in [([-300, -200, -299], -300), ([320, 300, 301], 300), ([0, 2, 1], 0)] {
            let mut seen = Seen::default();
            offsets.map(Some).into_iter().chain([None]).for_each(|offset| seen.note(offset));
            assert_eq!((seen.answers, seen.offset), (4, Some(least)));
        }
    }
}

//! Compares the checker's clock with AWS's: reads the Date header of every answer, and counts the answers.

use std::sync::{Arc, Mutex};
use std::time::UNIX_EPOCH;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::{DateTime, Format};

/// The clock difference and the number of answers of a run. All clients of the run share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock(Arc<Mutex<Totals>>);

#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    answers: usize,
    /// The smallest offset. The transit time of an answer only increases an offset.
    offset: Option<i64>,
}

impl Totals {
    fn add(&mut self, offset: Option<i64>) {
        self.answers += 1;
        self.offset = [self.offset, offset].into_iter().flatten().min();
    }
}

impl Clock {
    /// The number of HTTP answers, and the checker's clock minus AWS's, in seconds.
    pub(crate) fn answers_and_offset(&self) -> (usize, Option<i64>) {
        let totals = self.0.lock().map_or_else(|poisoned| *poisoned.into_inner(), |totals| *totals);
        (totals.answers, totals.offset)
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
        components: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date =
            context.response().headers().get("date").and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        let now = components.time_source().unwrap_or_default().now();
        let now = now.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_secs()).ok());
        let offset = date.zip(now).map(|(date, now)| now - date.secs());
        if let Ok(mut totals) = self.0.lock() {
            totals.add(offset);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Totals;

    #[test]
    fn a_slow_answer_does_not_hide_a_wrong_clock() {
        for (offsets, least) in [([-300, -200, -299], -300), ([320, 300, 301], 300), ([0, 2, 1], 0)] {
            let mut totals = Totals::default();
            offsets.map(Some).into_iter().chain([None]).for_each(|offset| totals.add(offset));
            assert_eq!((totals.answers, totals.offset), (4, Some(least)));
        }
    }
}

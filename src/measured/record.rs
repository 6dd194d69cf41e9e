//! Shared parts of the records: bounded lists, ARNs, and why a record cannot be a run.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, de};

use super::moment::Moment;
use super::run::seconds_between;
use super::{HistoryKind, Outcome, Run};
use crate::visible;

/// A list with at most this many items: an empty item takes 3 bytes in the file and far more in memory.
#[derive(Debug)]
pub(super) struct Items<T, const MOST: usize>(pub(super) Vec<T>);

impl<T, const MOST: usize> Default for Items<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Items<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T, const MOST: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MOST: usize> de::Visitor<'de> for Visitor<T, MOST> {
            type Value = Items<T, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    if items.len() == MOST {
                        return Err(de::Error::custom(format!("a list has more than {MOST} items: split the file")));
                    }
                    items.push(item);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(Visitor(PhantomData))
    }
}

/// Why a record is no run.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotARun {
    /// The times are in the wrong order.
    #[error("the run of `{0}` ends before it starts: are both times in the same zone?")]
    EndsFirst(String),
    /// A length that no run has.
    #[error("the run of `{0}` lasted longer than a century")]
    TooLong(String),
    /// An ARN has not the parts that name the job.
    #[error("`{0}` is not the ARN of a {1}")]
    NotAnArn(String, &'static str),
    /// An item of `jobs` is of no known service.
    #[error("a job has neither `jobId` and `jobDefinition` (Batch) nor `name` and `status` (GitHub)")]
    NotAJob,
}

/// A century, in seconds.
pub(super) const LONGEST_RUN: u64 = 100 * 366 * 24 * 3600;

/// The time of a run, without its queue time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Times {
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
}

impl Times {
    pub(super) fn new(start: Option<Moment>, end: Option<Moment>) -> Self {
        let milliseconds = |moment: Option<Moment>| moment.and_then(|Moment(milliseconds)| milliseconds);
        Self { start: milliseconds(start), end: milliseconds(end) }
    }

    /// Whether both times are there, the end first.
    pub(super) fn ends_first(self) -> bool {
        matches!((self.start, self.end), (Some(start), Some(end)) if end < start)
    }
}

/// The run of a record. A run without a start or an end has no length.
pub(super) fn run(
    kind: HistoryKind,
    (job, scope): (String, Option<String>),
    id: String,
    times: Times,
    outcome: Outcome,
) -> Result<Run, NotARun> {
    if times.ends_first() {
        return Err(NotARun::EndsFirst(visible::configured(&job)));
    }
    let Times { start, end } = times;
    let length = start.zip(end).map(|(start, end)| seconds_between(start, end));
    Ok(Run { kind, job, scope, id, start, end, length, outcome })
}

/// The parts of an ARN: account and Region, and the resource.
pub(super) fn parts_of_arn(arn: &str) -> Option<(String, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (prefix, _partition, _service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    (prefix == "arn").then(|| (format!("{account}/{region}"), resource))
}

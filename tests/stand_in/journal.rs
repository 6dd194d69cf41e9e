//! What happened: one entry for each call, in the order of arrival. Decides nothing.

use std::{collections::BTreeMap, time::Duration};

/// A call as the stand-in saw it. Holds no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `sts`, `iam` or `sns`; empty if the request could not be read.
    pub service: String,
    pub action: String,
    /// Who signed, if the key is known: also where the call was refused.
    pub caller_arn: Option<String>,
    /// The caller's account.
    pub account: Option<String>,
    /// The Region that the call was signed for.
    pub region: Option<String>,
    /// The form, without Action and Version.
    pub params: BTreeMap<String, String>,
    /// All that came but what signs it (Authorization and the session's token): path, query, headers, body.
    pub sent: String,
    /// Which connection it came over, counted from 0.
    pub connection: usize,
    /// Since the start of the stand-in.
    pub started: Duration,
    /// When the answer was ready; of a call without an answer yet, the time of asking.
    pub ended: Duration,
    /// 0: no answer, or the connection was dropped instead.
    pub status: u16,
    pub code: Option<String>,
}

impl Call {
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str)
    }

    /// What the call is about: a role's ARN or name, or a topic.
    pub fn target(&self) -> Option<&str> {
        ["RoleArn", "RoleName", "TopicArn", "TargetArn"].into_iter().find_map(|name| self.param(name))
    }
}

/// The calls so far, and those that are still being answered.
#[derive(Debug, Default)]
pub struct Journal {
    calls: Vec<(Call, bool)>,
    /// Raised by a reset, so that the answer of a forgotten call is not written into another.
    generation: usize,
}

/// An entry that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    generation: usize,
    index: usize,
}

impl Journal {
    pub fn open(&mut self, call: Call) -> Entry {
        self.calls.push((call, false));
        Entry { generation: self.generation, index: self.calls.len() - 1 }
    }

    pub fn close(&mut self, entry: Entry, now: Duration, status: u16, code: Option<String>) {
        if entry.generation != self.generation {
            return;
        }
        if let Some((call, answered)) = self.calls.get_mut(entry.index) {
            (call.ended, call.status, call.code, *answered) = (now, status, code, true);
        }
    }

    pub fn calls(&self, now: Duration) -> Vec<Call> {
        let told = |(call, answered): &(Call, bool)| {
            if *answered { call.clone() } else { Call { ended: now, ..call.clone() } }
        };
        self.calls.iter().map(told).collect()
    }

    pub fn reset(&mut self) {
        self.calls.clear();
        self.generation += 1;
    }
}

/// The most calls that were being answered at the same moment.
pub fn most_at_once(calls: &[Call]) -> usize {
    let mut edges: Vec<(Duration, i32)> = calls.iter().flat_map(|call| [(call.started, 1), (call.ended, -1)]).collect();
    // At the same moment an end comes before a start: they do not overlap.
    edges.sort_unstable();
    let mut open = 0;
    let most = edges.into_iter().map(|(_, step)| {
        open += step;
        open
    });
    most.max().and_then(|most| usize::try_from(most).ok()).unwrap_or_default()
}

//! The record of calls: one entry for each call, in the order of arrival.

use std::{collections::BTreeMap, time::Duration};

/// A call from the view of the stand-in. Holds no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `sts`, `iam` or `sns`; empty if the request is not readable.
    pub service: String,
    pub action: String,
    /// The signer, if the key is known, also of a refused call.
    pub caller_arn: Option<String>,
    /// The caller's account.
    pub account: Option<String>,
    /// The Region of the signature.
    pub region: Option<String>,
    /// The form without Action and Version.
    pub params: BTreeMap<String, String>,
    /// The whole request without its signature (Authorization and the session's token): path, query, headers, body.
    pub sent: String,
    /// The number of the connection, counted from 0.
    pub connection: usize,
    /// The time since the start of the stand-in.
    pub started: Duration,
    /// When the answer was ready. For a call without an answer yet: the time of the query.
    pub ended: Duration,
    /// 0: no answer, or the connection was dropped.
    pub status: u16,
    pub code: Option<String>,
}

impl Call {
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str)
    }

    /// The subject of the call: a role's ARN or name, or a topic.
    pub fn target(&self) -> Option<&str> {
        ["RoleArn", "RoleName", "TopicArn", "TargetArn", "FunctionName", "PermissionSetArn"]
            .into_iter()
            .find_map(|name| self.param(name))
    }
}

/// The calls so far, and whether each is complete.
#[derive(Debug, Default)]
pub struct Journal {
    calls: Vec<(Call, bool)>,
    /// Increased by a reset, so that the answer of a forgotten call is not written into another entry.
    generation: usize,
}

/// An entry without an answer yet.
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
        let finished = |(call, answered): &(Call, bool)| {
            if *answered { call.clone() } else { Call { ended: now, ..call.clone() } }
        };
        self.calls.iter().map(finished).collect()
    }

    pub fn reset(&mut self) {
        self.calls.clear();
        self.generation += 1;
    }
}

/// The highest number of concurrent calls.
pub fn most_at_once(calls: &[Call]) -> usize {
    let mut edges: Vec<(Duration, i32)> = calls.iter().flat_map(|call| [(call.started, 1), (call.ended, -1)]).collect();
    // An end comes before a start at the same moment, because such calls do not overlap.
    edges.sort_unstable();
    let mut open = 0;
    let most = edges.into_iter().map(|(_, step)| {
        open += step;
        open
    });
    most.max().and_then(|most| usize::try_from(most).ok()).unwrap_or_default()
}

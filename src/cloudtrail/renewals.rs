//! Which session renews which: the same role, session name and caller, one process after the other.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use super::caller::{IdentityKind, RecordCaller};
use super::model::{PathOrigin, Session};
use super::paths::of_service;
use super::time::Seconds;

/// How long before the issue of its successor a session was last used, and how long before that it may have ended.
const BEFORE: Seconds = 15 * 60;

/// How long after the issue of its successor a session may still be used.
const AFTER: Seconds = 60;

/// What an issued session shows of its process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct IssuingProcess<'a> {
    pub(super) role: &'a str,
    pub(super) name: &'a str,
    pub(super) caller: &'a str,
    /// Only for a name that several processes can have.
    pub(super) address: Option<&'a str>,
}

/// What decides whether sessions of a name renew each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// One process has this name.
    OfOneProcess,
    /// Several processes can have this name.
    Shared,
    /// An AWS service names the session, and other sessions too.
    OfService,
}

/// The naming of an issued session.
pub(super) fn naming(caller: &RecordCaller, name: &str) -> Naming {
    if caller.kind == IdentityKind::Service {
        return match caller.invoked_by.as_deref().map_or(PathOrigin::Unknown, of_service) {
            PathOrigin::EcsTask | PathOrigin::Codebuild | PathOrigin::EksPodIdentity => Naming::OfOneProcess,
            PathOrigin::IamUser
            | PathOrigin::SessionToken
            | PathOrigin::FederationToken
            | PathOrigin::WebIdentity
            | PathOrigin::Saml
            | PathOrigin::IdentityCenter
            | PathOrigin::Ec2Instance
            | PathOrigin::Lambda
            | PathOrigin::Service
            | PathOrigin::Unknown => Naming::OfService,
        };
    }
    if is_made_up(name) { Naming::OfOneProcess } else { Naming::Shared }
}

/// Finds the session that each session renews. `processes` are those of the sessions that can renew or be renewed, in
/// the order of the sessions.
pub(super) fn find<'a>(sessions: &[Session], processes: &[Option<IssuingProcess<'a>>]) -> Vec<Option<usize>> {
    let mut candidates: HashMap<IssuingProcess<'a>, Candidates> = HashMap::new();
    processes
        .iter()
        .enumerate()
        .map(|(at, process)| {
            let process = (*process)?;
            let known = candidates.entry(process).or_default();
            if process.address.is_none() {
                let renewed = known.ready.pop_last();
                known.ready.insert(at);
                return renewed;
            }
            let renewed = known.take_latest(sessions, sessions[at].issued_at);
            // An unused session is never renewed.
            if let Some(last_used) = sessions[at].last_used {
                known.in_use.push(Reverse((last_used, at)));
            }
            renewed
        })
        .collect()
}

/// The sessions of a process that nothing renews yet. Issues are asked in the order of time: a session that is ready or
/// over for one issue is so for each later issue.
#[derive(Default)]
struct Candidates {
    /// Those that may still be used too long after the next issue, by their last use.
    in_use: BinaryHeap<Reverse<(Seconds, usize)>>,
    /// The others, by their index.
    ready: BTreeSet<usize>,
}

impl Candidates {
    /// Takes the latest session that an issue at this time renews.
    fn take_latest(&mut self, sessions: &[Session], issue: Seconds) -> Option<usize> {
        while let Some(Reverse((last_used, at))) = self.in_use.peek().copied()
            && last_used <= issue + AFTER
        {
            self.in_use.pop();
            self.ready.insert(at);
        }
        while let Some(at) = self.ready.pop_last() {
            if !is_over(&sessions[at], issue) {
                return Some(at);
            }
        }
        None
    }
}

fn is_over(session: &Session, issue: Seconds) -> bool {
    let at_least = |at: Option<Seconds>| at.is_some_and(|at| at >= issue - BEFORE);
    !at_least(session.last_used) || !at_least(session.expires_at)
}

/// Whether a process makes up the name: the name has a UUID, or a separate number of ten or more digits. A number of
/// twelve digits is an account.
fn is_made_up(name: &str) -> bool {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let is_number = |word: &str| word.len() >= 10 && word.len() != 12 && word.bytes().all(|b| b.is_ascii_digit());
    has_uuid(name.as_bytes()) || words.into_iter().any(is_number)
}

fn has_uuid(name: &[u8]) -> bool {
    name.windows(36).enumerate().any(|(at, window)| {
        let is_uuid = window.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
        let is_word = |at: Option<usize>| at.and_then(|at| name.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        is_uuid && !is_word(at.checked_sub(1)) && !is_word(Some(at + 36))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_or_a_long_number_is_a_made_up_name() {
        for (name, expected) in [
            ("0b5d3f4c-6f0d-4a6e-9d70-2a4bb0b7c0de", true),
            ("run-0b5d3f4c-6f0d-4a6e-9d70-2a4bb0b7c0de", true),
            ("botocore-session-1700000000", true),
            ("1700000000000000000", true),
            ("deploy-111122223333", false),
            ("deploy-123456789", false),
            ("i-0123456789abcdef0", false),
            ("x1700000000", false),
            ("nightly-etl", false),
        ] {
            assert_eq!(is_made_up(name), expected, "{name}");
        }
    }
}

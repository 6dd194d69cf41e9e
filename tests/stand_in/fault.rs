//! What a test scripts: which calls go wrong, how often, and how. Knows nothing of what the calls mean.

use std::time::Duration;

use super::{
    arn::Arn,
    errors::{Problem, RATE_EXCEEDED, Refusal},
    request::Request,
};

/// What a scripted call gets. Unless said otherwise the call is not carried out, and not even authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 400 Throttling, `Rate exceeded`.
    Throttle,
    Error {
        status: u16,
        code: String,
        message: Option<String>,
    },
    /// Carried out and answered, so much later; several add up.
    Latency(Duration),
    /// The connection is reset without an answer.
    Reset,
    /// Carried out, and then the connection is reset: the caller cannot know.
    ResetAfterwards,
    /// No answer, until the caller gives up.
    Hang,
    /// 200 and nothing.
    EmptyBody,
    /// 200 and text that is no XML.
    Malformed,
    /// 200 and good XML with nothing in its result.
    NoMembers,
    /// Carried out, and 200 with only the first half of the XML, as if that were all. The SDK may well take it.
    HalfXml,
    /// A page of HTML with this status, as a proxy answers.
    Html(u16),
    /// Carried out, but the connection ends in the middle of the answer.
    Truncated,
    /// Anything else.
    Raw {
        status: u16,
        content_type: String,
        body: String,
    },
}

impl Answer {
    pub fn error(status: u16, code: &str, message: &str) -> Answer {
        Answer::Error { status, code: code.to_owned(), message: Some(message.to_owned()) }
    }

    /// What the error answers say, for those that are one.
    pub(super) fn problem(&self) -> Option<Problem> {
        match self {
            Answer::Throttle => Some(Problem::new(400, "Throttling", RATE_EXCEEDED)),
            Answer::Error { status, code, message } => {
                Some(Problem { status: *status, code: code.clone(), message: message.clone() })
            }
            _ => None,
        }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Answer {
        let Problem { status, code, message } = refusal.into();
        Answer::Error { status, code, message }
    }
}

/// A scripted answer with the calls that it is for. Made by `Fault::on(…).then(…)`.
#[derive(Clone, Debug)]
pub struct Fault {
    on: FaultOn,
    answer: Answer,
}

/// Which calls.
#[derive(Clone, Debug)]
pub struct FaultOn {
    action: String,
    target: Option<String>,
    caller: Option<String>,
    after: usize,
    times: Option<usize>,
}

impl Fault {
    /// Every call of an action, `*` for all of them, until something narrows it.
    pub fn on(action: &str) -> FaultOn {
        FaultOn { action: action.to_owned(), target: None, caller: None, after: 0, times: None }
    }
}

impl FaultOn {
    /// Only about this role (its ARN for AssumeRole, its ARN or name for GetRole) or topic.
    pub fn target(mut self, target: impl Into<String>) -> FaultOn {
        self.target = Some(target.into());
        self
    }

    /// Only from this caller, by the ARN that GetCallerIdentity tells it, or a part of it.
    pub fn caller(mut self, arn: impl Into<String>) -> FaultOn {
        self.caller = Some(arn.into());
        self
    }

    /// The first so many are left alone.
    pub fn after(mut self, calls: usize) -> FaultOn {
        self.after = calls;
        self
    }

    /// Only so many; without it, forever.
    pub fn times(mut self, calls: usize) -> FaultOn {
        self.times = Some(calls);
        self
    }

    pub fn then(self, answer: impl Into<Answer>) -> Fault {
        Fault { on: self, answer: answer.into() }
    }

    fn matches(&self, request: &Request, caller: Option<&str>) -> bool {
        let about = |wanted: &String| {
            let is_role = |target| request.action == "GetRole" && is_own_role(target, wanted, caller);
            request.target().is_some_and(|target| target == wanted || is_role(target))
        };
        (self.action == "*" || self.action == request.action)
            && self.target.as_ref().is_none_or(about)
            && self.caller.as_ref().is_none_or(|wanted| caller.is_some_and(|caller| caller.contains(wanted.as_str())))
    }
}

/// GetRole gives a name: it means the role of the caller's account.
fn is_own_role(name: &str, wanted: &str, caller: Option<&str>) -> bool {
    let account = |arn: &str| Arn::parse(arn).map(|arn| arn.account);
    wanted.rsplit('/').next() == Some(name) && caller.is_some_and(|caller| account(caller) == account(wanted))
}

/// The faults in force, in the order in which they were scripted: the first that matches decides, latencies add up.
#[derive(Debug, Default)]
pub struct Script {
    faults: Vec<Fault>,
}

impl Script {
    pub fn add(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    pub fn clear(&mut self) {
        self.faults.clear();
    }

    /// What this call gets, counted off.
    pub fn take(&mut self, request: &Request, caller: Option<&str>) -> (Duration, Option<Answer>) {
        let mut latency = Duration::ZERO;
        let mut decided = None;
        for fault in self.faults.iter_mut().filter(|fault| fault.on.matches(request, caller)) {
            let delays = match &fault.answer {
                Answer::Latency(delay) => Some(*delay),
                _ => None,
            };
            if fault.on.times == Some(0) || (decided.is_some() && delays.is_none()) {
                continue;
            }
            if fault.on.after > 0 {
                fault.on.after -= 1;
                continue;
            }
            fault.on.times = fault.on.times.map(|times| times - 1);
            match delays {
                Some(delay) => latency += delay,
                None => decided = Some(fault.answer.clone()),
            }
        }
        (latency, decided)
    }
}

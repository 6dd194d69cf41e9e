//! Scripted faults: which calls fail, how often and how, and how many calls each account may make.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{
    arn::Arn,
    errors::{Problem, RATE_EXCEEDED, Refusal},
    request::Request,
};

/// The answer to a scripted call. By default the call is neither carried out nor authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 400 Throttling, `Rate exceeded`.
    Throttle,
    Error {
        status: u16,
        code: String,
        message: Option<String>,
    },
    /// Carried out and answered after this delay. Several delays add up.
    Latency(Duration),
    /// The connection is reset without an answer.
    Reset,
    /// Carried out; the answer's head is sent, and then the connection is reset.
    ResetAfterHead,
    /// Carried out, and then the connection is reset, so the caller does not know the result.
    ResetAfterwards,
    /// No answer until the caller gives up.
    Hang,
    /// Carried out and answered, with this delay before each byte.
    Drip(Duration),
    /// 200 with an empty body.
    EmptyBody,
    /// 200 with text that is not XML.
    Malformed,
    /// 200 with valid XML and an empty result.
    NoMembers,
    /// Carried out, and 200 with only the first half of the XML as the complete body. The SDK may accept it.
    HalfXml,
    /// Carried out, and answered with every occurrence of the first text replaced by the second.
    Altered(String, String),
    /// Carried out, and answered up to the end of this text as the complete body.
    CutAfter(String),
    /// A page of HTML with this status, as from a proxy.
    Html(u16),
    /// Carried out, but the connection ends in the middle of the answer.
    Truncated,
    /// Carried out, and answered with this content type.
    ContentType(String),
    /// 302 to this address.
    Redirect(String),
    /// Any other error answer.
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

    pub fn altered(from: &str, to: &str) -> Answer {
        Answer::Altered(from.to_owned(), to.to_owned())
    }

    /// An XML answer with this status.
    pub fn xml(status: u16, body: impl Into<String>) -> Answer {
        Answer::Raw { status, content_type: "text/xml".to_owned(), body: body.into() }
    }

    /// The message of an error answer.
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

/// A scripted answer and its calls. Made by `Fault::on(…).then(…)`.
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
    saying: Option<String>,
    after: usize,
    times: Option<usize>,
}

impl Fault {
    /// Every call of an action, or of all actions for `*`, until other methods restrict it.
    pub fn on(action: &str) -> FaultOn {
        FaultOn { action: action.to_owned(), target: None, caller: None, saying: None, after: 0, times: None }
    }
}

impl FaultOn {
    /// Only calls about this role (its ARN for AssumeRole, its ARN or name for GetRole) or topic.
    pub fn target(mut self, target: impl Into<String>) -> FaultOn {
        self.target = Some(target.into());
        self
    }

    /// Only calls of this caller: the ARN that GetCallerIdentity returns, or a part of it.
    pub fn caller(mut self, arn: impl Into<String>) -> FaultOn {
        self.caller = Some(arn.into());
        self
    }

    /// Only calls with this text in a parameter.
    pub fn saying(mut self, text: impl Into<String>) -> FaultOn {
        self.saying = Some(text.into());
        self
    }

    /// The first calls, this many, are not affected.
    pub fn after(mut self, calls: usize) -> FaultOn {
        self.after = calls;
        self
    }

    /// Only this many calls. Without it, all calls.
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
            && self.saying.as_ref().is_none_or(|text| request.params.values().any(|value| value.contains(text)))
    }
}

/// GetRole has a name: that of a role in the caller's account.
fn is_own_role(name: &str, wanted: &str, caller: Option<&str>) -> bool {
    let account = |arn: &str| Arn::parse(arn).map(|arn| arn.account);
    wanted.rsplit('/').next() == Some(name) && caller.is_some_and(|caller| account(caller) == account(wanted))
}

/// The active faults in the order of scripting. The first match decides, and latencies add up.
#[derive(Debug, Default)]
pub struct Script {
    faults: Vec<Fault>,
    limits: BTreeMap<&'static str, Limit>,
}

/// The number of calls of a service that each account may make: a bucket of tokens that refills, as in AWS.
#[derive(Debug)]
pub struct Limit {
    per_second: f64,
    burst: f64,
    buckets: BTreeMap<String, (f64, Instant)>,
}

impl Limit {
    pub fn new(per_second: u32, burst: u32) -> Limit {
        Limit { per_second: per_second.into(), burst: burst.into(), buckets: BTreeMap::new() }
    }

    /// Whether the account may make another call. A refused call costs nothing.
    fn lets_pass(&mut self, account: &str) -> bool {
        let now = Instant::now();
        let (tokens, filled) = self.buckets.entry(account.to_owned()).or_insert((self.burst, now));
        *tokens = self.burst.min(*tokens + self.per_second * now.duration_since(*filled).as_secs_f64());
        *filled = now;
        let passes = *tokens >= 1.0;
        *tokens -= f64::from(u8::from(passes));
        passes
    }
}

impl Script {
    pub fn add(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    pub fn limit(&mut self, service: &'static str, limit: Limit) {
        self.limits.insert(service, limit);
    }

    pub fn clear(&mut self) {
        self.faults.clear();
        self.limits.clear();
    }

    /// The fault of this call, which is counted.
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
        let account = caller.and_then(Arn::parse).map(|arn| arn.account);
        let passes = |limit: &mut Limit| account.is_none_or(|account| limit.lets_pass(&account));
        if decided.is_none() && !self.limits.get_mut(request.service).is_none_or(passes) {
            decided = Some(Answer::Throttle);
        }
        (latency, decided)
    }
}

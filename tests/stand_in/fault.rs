//! What a test scripts: which calls go wrong, how often, and how; how many each account may make. Knows nothing of what
//! the calls mean.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

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
    /// Carried out; the answer's head goes out, and then the connection is reset.
    ResetAfterHead,
    /// Carried out, and then the connection is reset: the caller cannot know.
    ResetAfterwards,
    /// No answer, until the caller gives up.
    Hang,
    /// Carried out and answered, each byte so much after the one before.
    Drip(Duration),
    /// 200 and nothing.
    EmptyBody,
    /// 200 and text that is no XML.
    Malformed,
    /// 200 and good XML with nothing in its result.
    NoMembers,
    /// Carried out, and 200 with only the first half of the XML, as if that were all. The SDK may well take it.
    HalfXml,
    /// Carried out, and answered with the first text replaced by the second wherever it stands.
    Altered(String, String),
    /// Carried out, and answered up to the end of this text, as if that were all.
    CutAfter(String),
    /// A page of HTML with this status, as a proxy answers.
    Html(u16),
    /// Carried out, but the connection ends in the middle of the answer.
    Truncated,
    /// Carried out, and answered as if it were this type of text.
    ContentType(String),
    /// 302 to this address.
    Redirect(String),
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

    pub fn altered(from: &str, to: &str) -> Answer {
        Answer::Altered(from.to_owned(), to.to_owned())
    }

    /// An XML answer with this status.
    pub fn xml(status: u16, body: impl Into<String>) -> Answer {
        Answer::Raw { status, content_type: "text/xml".to_owned(), body: body.into() }
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
    saying: Option<String>,
    after: usize,
    times: Option<usize>,
}

impl Fault {
    /// Every call of an action, `*` for all of them, until something narrows it.
    pub fn on(action: &str) -> FaultOn {
        FaultOn { action: action.to_owned(), target: None, caller: None, saying: None, after: 0, times: None }
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

    /// Only with this text in a parameter.
    pub fn saying(mut self, text: impl Into<String>) -> FaultOn {
        self.saying = Some(text.into());
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
            && self.saying.as_ref().is_none_or(|text| request.params.values().any(|value| value.contains(text)))
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
    limits: BTreeMap<&'static str, Limit>,
}

/// How many calls of a service each account may make: a bucket of tokens that fills up again, as AWS has them.
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

    /// Whether the account may make one more call; a refused one costs nothing.
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
        let account = caller.and_then(Arn::parse).map(|arn| arn.account);
        let passes = |limit: &mut Limit| account.is_none_or(|account| limit.lets_pass(&account));
        if decided.is_none() && !self.limits.get_mut(request.service).is_none_or(passes) {
            decided = Some(Answer::Throttle);
        }
        (latency, decided)
    }
}

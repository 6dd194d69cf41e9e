//! Carries out the steps of a run: makes things, asks each question until three answers in a row agree, and removes
//! everything at the end, whatever happened.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use tokio::sync::watch;

use crate::aws::{Aws, Identity, Signer};
use crate::catalogue::steps;
use crate::model::{Assume, Call, Caller, Change, Expected, Make, Role, Rule, Seen, Session, Step};
use crate::remove::{Removal, Thing, is_passing};
use crate::sandbox::Names;

/// How often a run tries. IAM is eventually consistent: a new role or key works at one server and not yet at another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts of one question.
    pub attempts: u32,
    /// The pause between two attempts.
    pub pause: Duration,
    /// Answers in a row that must agree.
    pub agreeing: u32,
}

impl Default for Patience {
    /// Up to 60 seconds, and three agreeing answers.
    fn default() -> Self {
        Self { attempts: 61, pause: Duration::from_secs(1), agreeing: 3 }
    }
}

/// Polls of a session until its end: every 15 pauses, up to the end of a 900-second session and four minutes more.
const POLLS_FOR_END: u32 = 76;
/// Polls of CloudTrail: every 15 pauses, up to 20 minutes.
const POLLS_FOR_CLOUDTRAIL: u32 = 80;
/// Pauses between two polls.
const PAUSES_OF_A_POLL: u32 = 15;

/// The settings of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The path of everything that the run makes.
    pub path: String,
    /// The id of the run.
    pub run: String,
    /// How often it tries.
    pub patience: Patience,
    /// Whether it waits for the end of a session.
    pub expiry: bool,
}

/// Receives the progress of a run.
pub trait Watcher: Send + Sync {
    /// A line about a step.
    fn line(&self, text: &str);

    /// The run waits until a session has expired.
    fn waiting_for_end(&self) {}
}

/// How a question was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The expected answer.
    Holds(Seen),
    /// Another answer.
    Differs(Seen),
    /// The answer to an open question.
    Answered(Seen),
    /// The answers did not agree, or there was none.
    Undecided(String),
}

/// A rule and its decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The rule.
    pub rule: Rule,
    /// The decision.
    pub decision: Decision,
    /// How many answers it took.
    pub attempts: u32,
}

/// The result of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The rules in the order of the run.
    pub decided: Vec<Decided>,
    /// Why the run ended early.
    pub stopped: Option<String>,
    /// What could not be removed, and what could not be checked.
    pub removal: Removal,
}

/// Why a run ends early.
enum Stop {
    Asked,
    Failed(String),
}

/// Why there are no credentials of a caller.
#[derive(Debug, Clone, Copy)]
enum NoSigner {
    UserHasNoKey,
    NotTaken(Session),
}

impl fmt::Display for NoSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UserHasNoKey => f.write_str("the user has no key"),
            Self::NotTaken(session) => write!(f, "{} was not taken", session.name()),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("stopped by a signal"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// A call that changes IAM.
#[derive(Clone, Copy)]
enum Write {
    Make(Make),
    Change(Change),
}

impl Write {
    /// Whether another attempt may succeed: IAM does not know a new thing yet, or still knows a deleted one.
    fn may_pass(self, seen: &Seen) -> bool {
        match seen {
            Seen::NoAnswer(_) => true,
            Seen::Refused { code, .. } => {
                let again = matches!(self, Self::Change(Change::MakeDoomedAgain));
                is_passing(code) || (again && code == "EntityAlreadyExists")
            }
            _ => false,
        }
    }
}

impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Make(make) => make.fmt(f),
            Self::Change(change) => change.fmt(f),
        }
    }
}

/// The things that may exist. A thing is added before the call that makes it.
type Made = Arc<Mutex<Vec<Thing>>>;
/// The decisions so far, which survive a panic.
type Decisions = Arc<Mutex<Vec<Decided>>>;

fn locked<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Carries out a run. `stop` becomes true when a person wants it to end. Everything that the run made is removed before
/// this returns, also after a failure or a panic.
pub async fn run(
    aws: &Aws,
    identity: &Identity,
    settings: &Settings,
    watcher: Arc<dyn Watcher>,
    stop: watch::Receiver<bool>,
) -> Outcome {
    let (made, decided) = (Made::default(), Decisions::default());
    let names = Names {
        partition: identity.partition.clone(),
        account: identity.account.clone(),
        path: settings.path.clone(),
        run: settings.run.clone(),
    };
    let mut bench = Bench {
        aws: aws.clone(),
        names,
        patience: settings.patience,
        watcher: Arc::clone(&watcher),
        stop,
        made: Arc::clone(&made),
        decided: Arc::clone(&decided),
        user: None,
        sessions: HashMap::new(),
    };
    let expiry = settings.expiry;
    // A panic ends the task, not the removal.
    let ended = tokio::spawn(async move { bench.carry_out(&steps(expiry)).await }).await;
    let stopped = match ended {
        Ok(Ok(())) => None,
        Ok(Err(stop)) => Some(stop.to_string()),
        Err(_) => Some("the program failed: please report it".to_owned()),
    };
    watcher.line("Removing everything that this run made");
    let things = locked(&made).clone();
    let removal = if things.is_empty() {
        Removal::default()
    } else {
        aws.remove_all(things, &settings.path, Some(&settings.run), settings.patience, &*watcher).await
    };
    let decided = locked(&decided).clone();
    Outcome { decided, stopped, removal }
}

/// A run under way.
struct Bench {
    aws: Aws,
    names: Names,
    patience: Patience,
    watcher: Arc<dyn Watcher>,
    stop: watch::Receiver<bool>,
    made: Made,
    decided: Decisions,
    user: Option<Credentials>,
    sessions: HashMap<Session, Credentials>,
}

impl Bench {
    async fn carry_out(&mut self, steps: &[Step]) -> Result<(), Stop> {
        for step in steps {
            if *self.stop.borrow() {
                return Err(Stop::Asked);
            }
            match step {
                Step::Part(heading) => self.watcher.line(heading),
                Step::Make(make) => self.make(*make).await?,
                Step::Take(session) => self.take(*session).await?,
                Step::Decide(rule) => self.decide(rule).await?,
                Step::Change(change) => drop(self.insist(Write::Change(*change)).await?),
                Step::WaitForEnd(session) => self.wait_for_end(*session).await?,
                Step::WaitForCloudTrail(session) => self.wait_for_cloudtrail(*session).await?,
            }
        }
        Ok(())
    }

    /// Waits for the pause, or until a person wants the run to end.
    async fn pause(&mut self, pauses: u32) -> Result<(), Stop> {
        tokio::select! {
            () = tokio::time::sleep(self.patience.pause * pauses) => Ok(()),
            _ = self.stop.wait_for(|stop| *stop) => Err(Stop::Asked),
        }
    }

    async fn make(&mut self, make: Make) -> Result<(), Stop> {
        match make {
            Make::User => locked(&self.made).push(Thing::User(self.names.user())),
            Make::Role(role, _) => locked(&self.made).push(Thing::Role(self.names.role(role))),
            Make::UserPolicy | Make::AccessKey | Make::RolePolicy(_) => {}
        }
        let key = self.insist(Write::Make(make)).await?;
        self.user = key.or(self.user.take());
        Ok(())
    }

    /// Tries a change of IAM until it is accepted.
    async fn insist(&mut self, write: Write) -> Result<Option<Credentials>, Stop> {
        let mut last = Seen::Done;
        for attempt in 0..self.patience.attempts {
            if attempt > 0 {
                self.pause(1).await?;
            }
            let answer = match write {
                Write::Make(make) => self.aws.make(make, &self.names).await,
                Write::Change(change) => self.aws.change(change, self.user.as_ref(), &self.names).await,
            };
            match answer {
                Ok(key) => return Ok(key),
                Err(seen) if write.may_pass(&seen) => last = seen,
                Err(seen) => return Err(Stop::Failed(format!("{write} failed: {seen}"))),
            }
        }
        Err(Stop::Failed(format!("{write} failed: {last}")))
    }

    /// Takes a session. Its role or its caller may be so new that the first attempts fail.
    async fn take(&mut self, session: Session) -> Result<(), Stop> {
        let hub = Assume::of(Role::Hub);
        let (caller, call) = match session {
            Session::Hub => (Caller::User, Call::AssumeRole(hub)),
            Session::Identified => (Caller::User, Call::AssumeRole(Assume { identity_length: Some(9), ..hub })),
            Session::Short => (Caller::User, Call::AssumeRole(Assume { seconds: Some(900), ..hub })),
            Session::Child => (Caller::Of(Session::Short), Call::AssumeRole(Assume::of(Role::Long))),
            Session::Doomed => (Caller::User, Call::AssumeRole(Assume::of(Role::Doomed))),
            Session::Token => (Caller::User, Call::GetSessionToken(None)),
            Session::Federation => (Caller::User, Call::GetFederationToken(None)),
        };
        let signer = self.signer(caller).map_err(|why| Stop::Failed(why.to_string()))?;
        let mut last = Seen::Done;
        for attempt in 0..self.patience.attempts {
            if attempt > 0 {
                self.pause(1).await?;
            }
            match self.aws.take(&signer, &call, &self.names).await {
                Ok((credentials, _)) => {
                    self.sessions.insert(session, credentials);
                    return Ok(());
                }
                Err(seen) => last = seen,
            }
        }
        // The rules that need the session are undecided; the others go on.
        self.watcher.line(&format!("  {} was not taken: {last}", session.name()));
        Ok(())
    }

    /// The credentials of a caller, or why there are none.
    fn signer(&self, caller: Caller) -> Result<Signer, NoSigner> {
        let user = || self.user.clone().ok_or(NoSigner::UserHasNoKey);
        let of = |session: Session| self.sessions.get(&session).cloned().ok_or(NoSigner::NotTaken(session));
        let secret = "wrong/wrong/wrong/wrong/wrong/wrong/wron";
        let changed = |key: &Credentials, secret: &str, token: Option<String>| {
            Credentials::new(key.access_key_id(), secret, token, None, "prove")
        };
        let token = |key: &Credentials| key.session_token().map(str::to_owned);
        Ok(match caller {
            Caller::You => Signer::YOU,
            Caller::User => Signer::with(user()?),
            Caller::WrongSecret => Signer::with(changed(&user()?, secret, None)),
            Caller::UnknownKey => Signer::with(Credentials::new("AKIAIOSFODNN7EXAMPLE", secret, None, None, "prove")),
            Caller::OffClock(clock) => Signer { clock, ..Signer::with(user()?) },
            Caller::Of(session) => Signer::with(of(session)?),
            Caller::WithoutToken(session) => {
                let key = of(session)?;
                Signer::with(changed(&key, key.secret_access_key(), None))
            }
            Caller::ForeignToken(session) => {
                let key = of(session)?;
                let other = if session == Session::Token { Session::Hub } else { Session::Token };
                Signer::with(changed(&key, key.secret_access_key(), token(&of(other)?)))
            }
            Caller::SecretOfAnother(session) => {
                let key = of(session)?;
                Signer::with(changed(&key, secret, token(&key)))
            }
        })
    }

    async fn ask(&self, signer: &Signer, call: &Call) -> Seen {
        match call {
            Call::LookupExpired(session) => match self.sessions.get(session) {
                Some(key) => self.aws.lookup_events(signer, &self.names.partition, Some(key.access_key_id())).await,
                None => Seen::NoAnswer(format!("{} was not taken", session.name())),
            },
            _ => self.aws.ask(signer, call, &self.names).await,
        }
    }

    async fn decide(&mut self, rule: &Rule) -> Result<(), Stop> {
        let (decision, attempts) = match self.signer(rule.caller) {
            Err(why) => (Decision::Undecided(why.to_string()), 0),
            Ok(signer) => self.answer_to(rule, &signer).await?,
        };
        let sign = match &decision {
            Decision::Holds(_) => "holds",
            Decision::Differs(_) => "DIFFERS",
            Decision::Answered(_) => "answered",
            Decision::Undecided(_) => "undecided",
        };
        self.watcher.line(&format!("  {sign:9} {}: {}", rule.id, rule.says));
        locked(&self.decided).push(Decided { rule: *rule, decision, attempts });
        Ok(())
    }

    /// Asks until enough answers in a row are the expected one, or, without an expected one, the same.
    async fn answer_to(&mut self, rule: &Rule, signer: &Signer) -> Result<(Decision, u32), Stop> {
        let Patience { attempts, agreeing, .. } = self.patience;
        let mut answers: Vec<Seen> = Vec::new();
        let mut in_a_row = 0;
        for attempt in 1..=attempts {
            if attempt > 1 {
                self.pause(1).await?;
            }
            let seen = self.ask(signer, &rule.call).await;
            let agrees = match &rule.expected {
                Some(expected) => expected.holds(&seen),
                None => answers.last().is_none_or(|last| last.agrees_with(&seen)) && !matches!(seen, Seen::NoAnswer(_)),
            };
            in_a_row = match (agrees, rule.expected) {
                (true, _) => in_a_row + 1,
                (false, Some(_)) => 0,
                (false, None) => u32::from(!matches!(seen, Seen::NoAnswer(_))),
            };
            answers.push(seen.clone());
            if in_a_row >= agreeing {
                let decision = if rule.expected.is_some() { Decision::Holds(seen) } else { Decision::Answered(seen) };
                return Ok((decision, attempt));
            }
        }
        Ok((disagreement(&answers, agreeing, rule.expected), attempts))
    }

    async fn wait_for_end(&mut self, session: Session) -> Result<(), Stop> {
        let Ok(signer) = self.signer(Caller::Of(session)) else { return Ok(()) };
        self.watcher.line("  waiting for the end of a session: about 15 minutes");
        self.watcher.waiting_for_end();
        for _ in 0..POLLS_FOR_END {
            if matches!(self.ask(&signer, &Call::GetCallerIdentity).await, Seen::Refused { .. }) {
                return Ok(());
            }
            self.pause(PAUSES_OF_A_POLL).await?;
        }
        Ok(())
    }

    async fn wait_for_cloudtrail(&mut self, session: Session) -> Result<(), Stop> {
        self.watcher.line("  waiting for CloudTrail: up to 20 minutes");
        for _ in 0..POLLS_FOR_CLOUDTRAIL {
            let seen = self.ask(&Signer::YOU, &Call::LookupExpired(session)).await;
            if matches!(seen, Seen::Recorded(true) | Seen::Refused { .. }) {
                return Ok(());
            }
            self.pause(PAUSES_OF_A_POLL).await?;
        }
        Ok(())
    }
}

/// The decision after the last attempt: another answer if the last ones agree with each other.
fn disagreement(answers: &[Seen], agreeing: u32, expected: Option<Expected>) -> Decision {
    let tail = answers.len().saturating_sub(usize::try_from(agreeing).unwrap_or(usize::MAX));
    let last = &answers[tail..];
    match last.split_last() {
        Some((Seen::NoAnswer(why), _)) => Decision::Undecided(format!("no answer: {why}")),
        Some((seen, before)) => {
            let other = expected.is_some_and(|expected| last.iter().all(|seen| !expected.holds(seen)));
            if other && before.iter().all(|one| one.agrees_with(seen)) {
                Decision::Differs(seen.clone())
            } else {
                Decision::Undecided(format!("the answers do not agree; the last one: {seen}"))
            }
        }
        None => Decision::Undecided("not asked".to_owned()),
    }
}

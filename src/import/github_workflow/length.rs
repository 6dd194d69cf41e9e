//! How long a login's credentials are needed: the job's `timeout-minutes`, or the steps between the login and its end.

use super::login::{NotJudgedLogin, only_a_run_knows};
use super::node::{entry, steps_of, text_of};
use super::runner::DEFAULT_TIMEOUT;
use super::scope::Scope;
use crate::inventory::problem::{Place, Placed};
use crate::inventory::yaml::Node;
use crate::inventory::{LengthFrom, Seconds};

/// The least length that is written for credentials that the next step replaces.
const LEAST: Seconds = Seconds::minutes(1);

/// How long something may run, where that is known from, and the comment that says so.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Length {
    pub(super) seconds: Placed<Seconds>,
    pub(super) from: LengthFrom,
    pub(super) comment: String,
}

impl Length {
    /// Whether it is the time of steps that use the credentials.
    pub(super) fn is_of_steps(&self) -> bool {
        self.from == LengthFrom::Declared && self.seconds.value > LEAST
    }
}

/// Where in a job credentials begin or end: the step of the job, and what is around it inside an action of the
/// repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// The index of the job's step.
    pub(super) step: usize,
    /// Inside the action, other steps run before it.
    pub(super) others_before: bool,
    /// Inside the action, other steps run after it.
    pub(super) others_after: bool,
    /// Another login of the job ran before it in every run.
    pub(super) again: bool,
}

impl Position {
    /// This, or the beginning of that step of the job if it is later.
    pub(super) fn max_step(self, step: usize) -> Self {
        if step <= self.step {
            return self;
        }
        Self { step, others_before: false, others_after: false, again: false }
    }
}

/// What a `timeout-minutes` comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timeout {
    /// None is written, or the value ends nothing.
    None,
    At(Seconds),
}

/// A `timeout-minutes` with its place. Of several values the largest counts.
fn timeout(node: &Node, scope: &Scope<'_>) -> Result<(Timeout, Place), NotJudgedLogin> {
    let Some(written) = entry(node, "timeout-minutes") else { return Ok((Timeout::None, node.place)) };
    let place = written.place;
    let text = text_of(written).map(|written| written.value).unwrap_or_default();
    let filled = scope.fill_as_left_out(&text);
    let not_judged = |message: String, help: String| NotJudgedLogin { place, message, help, cannot_work: false };
    let Some(choices) = filled.choices() else {
        let (message, help) = only_a_run_knows("timeout-minutes", filled.expression(), scope);
        return Err(not_judged(message, help));
    };
    let mut longest = Seconds(0);
    for choice in choices.iter().map(|choice| choice.trim()) {
        // An expression that comes to nothing leaves the default.
        let seconds = if ["", "false"].contains(&choice) { Some(Seconds(0)) } else { seconds(choice) };
        match seconds {
            // The runner ends a step for a positive number alone (actions/runner, StepsRunner.cs); GitHub documents no
            // other meaning of such a number for a job.
            Some(Seconds(0)) => return Ok((Timeout::None, place)),
            Some(seconds) => longest = longest.max(seconds),
            None => {
                let message = format!("its timeout-minutes, `{choice}`, is not a number of minutes");
                return Err(not_judged(message, "write a whole number of minutes".to_owned()));
            }
        }
    }
    Ok((Timeout::At(longest), place))
}

/// The `timeout-minutes` of a step, where it is known. The runner cuts it to whole minutes (actions/runner,
/// `EvaluateStepTimeout`).
pub(super) fn of_step(step: &Node, scope: &Scope<'_>) -> Option<Seconds> {
    match timeout(step, scope) {
        Ok((Timeout::At(seconds), _)) => Some(Seconds(seconds.0 / 60 * 60)).filter(|seconds| seconds.0 > 0),
        Ok((Timeout::None, _)) | Err(_) => None,
    }
}

/// A number of minutes in seconds, rounded up; of a negative number, 0.
fn seconds(minutes: &str) -> Option<Seconds> {
    let number: f64 = minutes.parse().ok().filter(|number: &f64| number.is_finite())?;
    let whole = (number * 60.0).ceil().max(0.0);
    (whole < 60_000_000.0).then_some(Seconds(whole as u64))
}

/// How long a job may run.
pub(super) fn of_job(id: Place, job: &Node, scope: &Scope<'_>) -> Result<Length, NotJudgedLogin> {
    let limit = scope.runner.limit();
    let (timeout, place) = timeout(job, scope)?;
    Ok(match timeout {
        Timeout::None if limit < DEFAULT_TIMEOUT => Length {
            seconds: Placed { value: limit, place: id },
            from: LengthFrom::Declared,
            comment: format!("GitHub ends a job on this runner after {} minutes", limit.0 / 60),
        },
        Timeout::None => Length {
            seconds: Placed { value: DEFAULT_TIMEOUT, place: id },
            from: LengthFrom::Assumed,
            comment: format!("GitHub's default timeout-minutes: {}", DEFAULT_TIMEOUT.0 / 60),
        },
        Timeout::At(written) if written > limit => Length {
            seconds: Placed { value: limit, place },
            from: LengthFrom::Declared,
            comment: format!("GitHub ends the job then; timeout-minutes is {}", written.0 / 60),
        },
        Timeout::At(value) => Length {
            seconds: Placed { value, place },
            from: LengthFrom::Declared,
            comment: "timeout-minutes".to_owned(),
        },
    })
}

/// The least that is needed of credentials that another job made and that the next role is assumed with.
pub(super) fn until_the_next_login(job: &Length, from: LengthFrom) -> Length {
    Length {
        seconds: Placed { value: LEAST, place: job.seconds.place },
        from,
        comment: "the next role is assumed with these credentials".to_owned(),
    }
}

/// How long the credentials are needed that begin at one position and end at another, or with the job. `steps` has the
/// timeout of each step of the job.
pub(super) fn of_login(
    job: &Length,
    node: &Node,
    start: Position,
    end: Option<Position>,
    steps: &[Option<Seconds>],
) -> Length {
    let of_step = |index: usize| steps.get(index).copied().flatten();
    let mut parts: Vec<Option<Seconds>> = Vec::new();
    let last = end.map_or(steps.len(), |end| end.step);
    if start.others_after || last == start.step {
        parts.push(of_step(start.step));
    }
    parts.extend((start.step + 1..last).map(of_step));
    if let Some(end) = end
        && end.others_before
        && end.step != start.step
    {
        parts.push(of_step(end.step));
    }
    let works_before = entry(node, "outputs").is_some()
        || steps_of(node).iter().take(start.step).any(|step| entry(step, "run").is_some());
    let bounded: Option<Seconds> = parts.iter().copied().try_fold(Seconds(0), |sum, part| Some(sum + part?));
    let seconds = |value| Placed { value, place: job.seconds.place };
    // Of a step that logs in again between its parts, the timeout is more than one login's share.
    let shared = end.is_some_and(|end| end.others_before) || (start.again && start.others_before && start.others_after);
    match (bounded, end) {
        // A login that no step follows is judged by the whole job: something that is not in the file uses it, unless
        // the job did its work before.
        (_, None) if parts.is_empty() && !start.again && !works_before => job.clone(),
        (_, None) if parts.is_empty() && works_before => Length {
            seconds: seconds(LEAST),
            from: LengthFrom::Declared,
            comment: "no step of the job comes after the login".to_owned(),
        },
        (Some(sum), _) if sum <= job.seconds.value && shared => Length {
            seconds: seconds(sum.max(LEAST)),
            from: LengthFrom::Assumed,
            comment: "the timeout-minutes of the steps, one of which logs in again".to_owned(),
        },
        (Some(sum), _) if sum <= job.seconds.value && !(parts.is_empty() && end.is_none()) => Length {
            seconds: seconds(sum.max(LEAST)),
            from: LengthFrom::Declared,
            comment: "the timeout-minutes of the steps that use the credentials".to_owned(),
        },
        (_, None) if !start.again => job.clone(),
        (_, _) => Length {
            from: LengthFrom::Assumed,
            comment: format!("the job logs in again, and when is not stated: the whole job counts ({})", job.comment),
            ..job.clone()
        },
    }
}

/// Whether a step between these positions has no timeout, and does more than to prepare the job or to log in.
pub(super) fn works_between(job: &Node, start: Position, end: Option<Position>, timeouts: &[Option<Seconds>]) -> bool {
    let last = end.map_or(timeouts.len(), |end| end.step);
    let steps = steps_of(job).iter().zip(timeouts).enumerate();
    let untimed = steps.filter(|(index, (_, timeout))| (start.step + 1..last).contains(index) && timeout.is_none());
    untimed.into_iter().any(|(_, (step, _))| does_work(step))
}

fn does_work(step: &Node) -> bool {
    let logs_in = |uses: &Placed<String>| uses.value.contains("configure-aws-credentials");
    !prepares(step) && !entry(step, "uses").and_then(text_of).as_ref().is_some_and(logs_in)
}

/// Whether a step only prepares the job: it fetches files or installs tools.
pub(super) fn prepares(step: &Node) -> bool {
    const PREPARE: [&str; 4] = ["actions/checkout@", "actions/setup-", "actions/cache", "actions/download-artifact@"];
    let uses = entry(step, "uses").and_then(text_of);
    uses.is_some_and(|uses| PREPARE.iter().any(|start| uses.value.starts_with(start)))
}

//! How long a login's credentials are needed: the job's `timeout-minutes`, or the steps between the login and its end.

use std::collections::{BTreeMap, BTreeSet};

use super::conditions::Conditions;
use super::login::NotJudgedLogin;
use super::node::{entry, steps_of, text_of};
use super::not_judged::only_a_run_knows;
use super::restriction::Restriction;
use super::runner::DEFAULT_TIMEOUT;
use super::scope::Scope;
use crate::import::expression::parse_number;
use crate::inventory::diagnostic::{Place, Placed};
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

/// How long a step may run, and on which values that depends.
#[derive(Debug, Clone, Default)]
pub(super) struct StepTime {
    /// `None`: nothing ends the step.
    pub(super) seconds: Option<Seconds>,
    restrictions: Vec<Restriction>,
}

impl StepTime {
    /// The time of a step that runs under these conditions.
    pub(super) fn of(step: &Node, scope: &Scope<'_>, conditions: &Conditions<'_>) -> Self {
        let seconds = of_step(step, scope);
        let restrictions = if seconds.is_some() { conditions.restrictions() } else { Vec::new() };
        Self { seconds, restrictions }
    }

    /// That of a step that does not run.
    pub(super) const NONE: Self = Self { seconds: Some(Seconds(0)), restrictions: Vec::new() };
}

/// How many combinations of values are compared.
const MOST_COMBINATIONS: usize = 1_024;

/// The longest time of these steps: those that exclude each other by one value do not add up. `None`: nothing ends one.
fn longest(steps: &[&StepTime]) -> Option<Seconds> {
    let all = steps.iter().try_fold(Seconds(0), |sum, step| Some(sum + step.seconds?))?;
    let mut texts: BTreeMap<&str, BTreeSet<Option<&str>>> = BTreeMap::new();
    for restriction in steps.iter().flat_map(|step| &step.restrictions) {
        let known = texts.entry(&restriction.name).or_insert_with(|| BTreeSet::from([None]));
        known.extend(restriction.texts().map(Some));
    }
    let mut combinations: Vec<BTreeMap<&str, Option<&str>>> = vec![BTreeMap::new()];
    for (name, texts) in texts {
        if combinations.len() * texts.len() > MOST_COMBINATIONS {
            return Some(all);
        }
        let with = |combination: &BTreeMap<_, _>, text| {
            let mut combination = combination.clone();
            combination.insert(name, text);
            combination
        };
        combinations = combinations.iter().flat_map(|one| texts.iter().map(move |text| with(one, *text))).collect();
    }
    let sum = |values: &BTreeMap<&str, Option<&str>>| {
        let met = |one: &Restriction| values.get(&*one.name).is_none_or(|value| one.is_met(*value));
        let run = steps.iter().filter(|step| step.restrictions.iter().all(met));
        run.fold(Seconds(0), |sum, step| sum + step.seconds.unwrap_or_default())
    };
    combinations.iter().map(sum).max()
}

/// The `timeout-minutes` of a step, where it is known. The runner cuts it to whole minutes (actions/runner,
/// `EvaluateStepTimeout`).
fn of_step(step: &Node, scope: &Scope<'_>) -> Option<Seconds> {
    match timeout(step, scope) {
        Ok((Timeout::At(seconds), _)) => Some(Seconds(seconds.0 / 60 * 60)).filter(|seconds| seconds.0 > 0),
        Ok((Timeout::None, _)) | Err(_) => None,
    }
}

/// A number of minutes in seconds, rounded up; of a negative number, 0.
fn seconds(minutes: &str) -> Option<Seconds> {
    let number = parse_number(minutes).filter(|number| number.is_finite())?;
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
    steps: &[StepTime],
) -> Length {
    let untimed = StepTime::default();
    let of_step = |index: usize| steps.get(index).unwrap_or(&untimed);
    let mut parts: Vec<&StepTime> = Vec::new();
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
    let bounded = longest(&parts);
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

/// How long the credentials are needed that one step has for itself.
pub(super) fn of_own_step(job: &Length, step: &StepTime) -> Length {
    match step.seconds {
        Some(seconds) if seconds < job.seconds.value => Length {
            seconds: Placed { value: seconds.max(LEAST), place: job.seconds.place },
            from: LengthFrom::Declared,
            comment: "the timeout-minutes of the step that uses the credentials".to_owned(),
        },
        _ => job.clone(),
    }
}

/// Whether a step between these positions has no timeout, and does more than to prepare the job or to log in.
pub(super) fn works_between(job: &Node, start: Position, end: Option<Position>, timeouts: &[StepTime]) -> bool {
    let last = end.map_or(timeouts.len(), |end| end.step);
    let steps = steps_of(job).iter().zip(timeouts).enumerate();
    let untimed =
        steps.filter(|(index, (_, timeout))| (start.step + 1..last).contains(index) && timeout.seconds.is_none());
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

//! When a job starts at the latest after a login of another job of its workflow: the jobs for which it waits (`needs`),
//! and those of its own matrix that run before it.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::length;
use super::matrix;
use super::node::{entry, text_of, texts_of};
use super::reader::{Call, WorkflowReader};
use super::scope::Given;
use crate::inventory::diagnostic::Placed;
use crate::inventory::yaml::Node;
use crate::inventory::{LengthFrom, Seconds};

/// How long something may take.
#[derive(Debug, Clone)]
pub(super) struct Wait {
    pub(super) seconds: Seconds,
    pub(super) from: LengthFrom,
    /// Why it may take longer than any time that is written.
    pub(super) longer: Option<String>,
}

impl Wait {
    const NONE: Self = Self { seconds: Seconds(0), from: LengthFrom::Declared, longer: None };

    pub(super) fn known(seconds: Seconds, from: LengthFrom) -> Self {
        Self { seconds, from, longer: None }
    }

    fn open(why: String) -> Self {
        Self { longer: Some(why), ..Self::NONE }
    }

    fn then(self, next: Self) -> Self {
        let from = if next.from == LengthFrom::Assumed { next.from } else { self.from };
        Self { seconds: self.seconds + next.seconds, from, longer: self.longer.or(next.longer) }
    }

    fn or_longer(self, other: Self) -> Self {
        let (long, short) = if other.seconds > self.seconds { (other, self) } else { (self, other) };
        Self { longer: long.longer.or(short.longer), ..long }
    }
}

/// The jobs of a workflow, and when each ends at the latest after the login.
struct Ends<'a, 'c> {
    jobs: &'a [(Placed<String>, Node)],
    call: &'c Call<'a>,
    known: BTreeMap<String, Wait>,
}

impl<'a> WorkflowReader<'a> {
    /// How long after a login in the job `giver` the job that is followed may start. `rest`: how long that job goes on
    /// after the login. `None`: the job that is followed does not need that job, and gets no outputs of it.
    pub(super) fn wait(&self, giver: &str, rest: Wait, call: &Call<'a>) -> Option<Wait> {
        let tree: &'a Node = call.tree;
        let jobs = entry(tree, "jobs")?.entries();
        let receiver = call.job?;
        if !needs(receiver).contains(&giver.to_owned()) {
            return None;
        }
        let mut ends = Ends { jobs, call, known: BTreeMap::new() };
        // What the giver waits for is over before its login.
        let mut before = vec![giver.to_owned()];
        while let Some(id) = before.pop() {
            if ends.known.insert(id.clone(), Wait::NONE).is_none() {
                before.extend(ends.job(&id).map(needs).unwrap_or_default());
            }
        }
        ends.known.insert(giver.to_owned(), rest);
        let start = self.start(receiver, &mut ends);
        let approval = environment(receiver)
            .map_or(Wait::NONE, |name| Wait::open(format!("it waits for an approval of the environment `{name}`")));
        let (longest, turns) = self.turns("its own matrix", receiver, call);
        let queue = Wait { seconds: Seconds(longest.seconds.0 * (turns - 1)), ..longest };
        let queue = if turns > 1 { queue } else { Wait::NONE };
        Some(start.then(approval).then(queue))
    }

    fn start(&self, job: &Node, ends: &mut Ends<'a, '_>) -> Wait {
        needs(job).iter().fold(Wait::NONE, |longest, id| longest.or_longer(self.end(id, ends)))
    }

    fn end(&self, id: &str, ends: &mut Ends<'a, '_>) -> Wait {
        if let Some(known) = ends.known.get(id) {
            return known.clone();
        }
        let Some(job) = ends.job(id) else { return Wait::NONE };
        // GitHub refuses jobs that wait for each other.
        ends.known.insert(id.to_owned(), Wait::NONE);
        let start = self.start(job, ends);
        let takes = match environment(job) {
            Some(name) => Wait::open(format!("the job `{id}` waits for an approval of the environment `{name}`")),
            None if entry(job, "uses").is_some() => {
                Wait::open(format!("it waits for the job `{id}`, which calls a workflow"))
            }
            None => {
                let (longest, turns) = self.turns(&format!("the job `{id}`"), job, ends.call);
                Wait { seconds: Seconds(longest.seconds.0 * turns), ..longest }
            }
        };
        let end = start.then(takes);
        ends.known.insert(id.to_owned(), end.clone());
        end
    }

    /// The longest job of a matrix, and how many run one after the other.
    fn turns(&self, what: &str, job: &'a Node, call: &Call<'a>) -> (Wait, u64) {
        let Ok(rows) = matrix::rows(job) else { return (Wait::open(format!("{what} has no length")), 1) };
        let jobs = rows.len() as u64;
        let mut longest = Wait::NONE;
        for row in rows {
            let given = Given { row: Rc::new(row), ..(*call.given).clone() };
            let call = Call { given: Rc::new(given), ..call.clone() };
            let scope = self.scope(&call, job);
            if call.conditions.and(job, &scope, "").is_none() {
                continue;
            }
            longest = longest.or_longer(match length::of_job(job.place, job, &scope) {
                Ok(length) => Wait::known(length.seconds.value, length.from),
                Err(_) => Wait::open(format!("how long {what} runs is not known")),
            });
        }
        let strategy = entry(job, "strategy");
        let computed = strategy.and_then(|strategy| entry(strategy, "matrix")).is_some_and(|m| m.text().is_some());
        match strategy.and_then(|strategy| entry(strategy, "max-parallel")).and_then(text_of) {
            None => (longest, 1),
            Some(at_once) => match at_once.value.parse::<u64>() {
                Ok(at_once) if at_once > 0 && !computed => (longest, jobs.div_ceil(at_once).max(1)),
                _ => (Wait::open(format!("how many jobs of {what} run one after the other is not known")), 1),
            },
        }
    }
}

impl<'a> Ends<'a, '_> {
    fn job(&self, id: &str) -> Option<&'a Node> {
        self.jobs.iter().find(|(known, _)| known.value == id).map(|(_, job)| job)
    }
}

/// The jobs for which a job waits.
pub(super) fn needs(job: &Node) -> Vec<String> {
    entry(job, "needs").map(texts_of).unwrap_or_default()
}

/// The environment of a job: it may have to be approved first.
fn environment(job: &Node) -> Option<String> {
    let environment = entry(job, "environment")?;
    Some(text_of(environment).or_else(|| text_of(entry(environment, "name")?))?.value)
}

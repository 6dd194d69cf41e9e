//! Jobs of the inventory, of the logins that a job uses. If cases differ only in how long a login is used, the worse
//! case is reported.

use std::collections::BTreeMap;

use super::length;
use super::login::Credentials;
use super::reader::WorkflowReader;
use super::scope::Scope;
use super::step_walk::{StepWalk, Used};
use crate::import::{Draft, locate};
use crate::inventory::diagnostic::Placed;
use crate::inventory::yaml::Node;
use crate::inventory::{JobComments, LengthFrom, Refresh, Seconds};
use crate::lease::rules::DEFAULT_DURATION;

/// A login of a job, as a job of the inventory that has no name yet.
pub(super) struct OfStep {
    /// The step of the job.
    pub(super) step: usize,
    pub(super) draft: Draft,
}

/// The roles that a login assumes, as they are written, with what it requests.
type Request = Vec<(String, Option<Seconds>)>;

fn request_of(draft: &Draft) -> Request {
    let hops = draft.hops.iter();
    hops.map(|hop| (hop.role.written().value.clone(), hop.duration.as_ref().map(|stated| stated.value))).collect()
}

/// The logins of a job in the order in which they were found. Only logins with the same request are compared.
#[derive(Default)]
pub(super) struct Logins {
    by_request: BTreeMap<Request, Vec<(usize, OfStep)>>,
    found: usize,
}

impl Logins {
    fn push(&mut self, new: OfStep) {
        self.found += 1;
        self.by_request.entry(request_of(&new.draft)).or_default().push((self.found, new));
    }

    fn like(&self, draft: &Draft) -> impl Iterator<Item = &Draft> {
        self.by_request.get(&request_of(draft)).into_iter().flatten().map(|(_, known)| &known.draft)
    }

    /// Adds a login. A login that is repeated in the job, or in another case, is one job of the inventory.
    fn add_new(&mut self, new: OfStep) {
        if !self.like(&new.draft).any(|known| known.is_like(&new.draft)) {
            self.push(new);
        }
    }

    /// Adds the logins of one case to those of others.
    pub(super) fn add(&mut self, found: Vec<OfStep>) {
        for new in found {
            if self.like(&new.draft).any(|old| covers(old, &new.draft)) {
                continue;
            }
            if let Some(known) = self.by_request.get_mut(&request_of(&new.draft)) {
                known.retain(|(_, old)| !covers(&new.draft, &old.draft));
            }
            self.push(new);
        }
    }

    pub(super) fn into_vec(self) -> Vec<OfStep> {
        let mut all: Vec<(usize, OfStep)> = self.by_request.into_values().flatten().collect();
        all.sort_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, login)| login).collect()
    }
}

impl WorkflowReader<'_> {
    /// A job of the inventory for each login that the job uses.
    pub(super) fn logins(
        &mut self,
        name: &str,
        id: &Placed<String>,
        job: &Node,
        scope: &Scope<'_>,
        walk: StepWalk<'_>,
    ) -> Vec<OfStep> {
        let StepWalk { logins, timeouts, .. } = walk;
        let used = |login: &Used| matches!(&login.credentials, Credentials::Path(_, hops) if !hops.is_empty());
        if !logins.iter().any(used) {
            return Vec::new();
        }
        let length = match length::of_job(id.place, job, scope) {
            Ok(length) => length,
            Err(remark) => {
                self.remarks.add(Some(name), remark);
                return Vec::new();
            }
        };
        let single_login = logins.iter().filter(|login| used(login)).count() == 1;
        let mut found = Logins::default();
        for login in logins {
            let Credentials::Path(source, hops) = login.credentials else { continue };
            if hops.is_empty() {
                continue;
            }
            let mut length = match timeouts.get(login.start.step).filter(|_| login.of_step) {
                Some(step) => length::of_own_step(&length, step),
                None => length::of_login(&length, job, login.start, login.end, &timeouts),
            };
            if login.ends_in_chain && !length.is_of_steps() {
                // The path of the chained login has the role. Alone it counts where it is old already.
                match &login.age {
                    Some(age) => length = length::until_the_next_login(&length, age.from),
                    None if length.from == LengthFrom::Assumed
                        && length::works_between(job, login.start, login.end, &timeouts) => {}
                    None => continue,
                }
            }
            let age_is_assumed = login.age.as_ref().is_some_and(|age| age.from == LengthFrom::Assumed);
            let draft = Draft {
                name: String::new(),
                place: login.place,
                length: length.seconds,
                length_from: if age_is_assumed { LengthFrom::Assumed } else { length.from },
                age: login.age.map(|age| Placed { value: age.seconds, place: login.place }),
                source,
                session_by_default: false,
                hops,
                refresh: Refresh::None,
                comments: JobComments {
                    above: vec![format!("{}{}", locate(login.place, self.files), login.from)],
                    length: Some(length.comment),
                    source: None,
                },
                measured_by: None,
                single_login,
            };
            found.add_new(OfStep { step: login.start.step, draft });
        }
        found.into_vec()
    }
}

/// Whether the login is the same and its use at least as bad: as long, and as well known if the other is too long.
fn covers(worse: &Draft, other: &Draft) -> bool {
    let needed = |draft: &Draft| draft.length.value + draft.age.as_ref().map_or_else(Default::default, |age| age.value);
    let same = Draft {
        place: other.place,
        length: other.length.clone(),
        length_from: other.length_from,
        age: other.age.clone(),
        comments: other.comments.clone(),
        single_login: other.single_login,
        ..worse.clone()
    };
    let as_well_known = worse.length_from == LengthFrom::Declared || other.length_from != LengthFrom::Declared;
    let is_longer = needed(worse) > needed(other);
    same.name == other.name
        && same.is_like(other)
        && (as_well_known && (is_longer || needed(worse) == needed(other))
            || is_longer && needed(other) <= requested(other))
}

/// The lease that the last hop asks for.
fn requested(draft: &Draft) -> Seconds {
    let stated = draft.hops.last().and_then(|hop| hop.duration.as_ref());
    stated.map_or(DEFAULT_DURATION, |stated| stated.value)
}

/// The logins in the order of their steps, under the name of the job.
pub(super) fn named(name: &str, mut found: Vec<OfStep>) -> Vec<Draft> {
    found.sort_by_key(|of_step| of_step.step);
    let mut distinct = Logins::default();
    found.into_iter().for_each(|new| distinct.add_new(new));
    let distinct = distinct.into_vec();
    let several = distinct.len() > 1;
    let named = |(number, OfStep { draft, .. }): (usize, OfStep)| {
        let name = if several { format!("{name}-{}", number + 1) } else { name.to_owned() };
        Draft { name, single_login: draft.single_login && !several, ..draft }
    };
    distinct.into_iter().enumerate().map(named).collect()
}

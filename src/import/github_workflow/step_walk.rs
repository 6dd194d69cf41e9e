//! What is known after the steps of a job so far: its logins, the credentials in the environment, in outputs and in
//! profiles.

use std::collections::{BTreeMap, BTreeSet};

use super::hand_over::{Age, HandedOver};
use super::length::{Position, StepTime};
use super::login::{Credentials, Login};
use super::scope::Scope;
use super::written_env::WrittenEnv;
use crate::inventory::diagnostic::Place;

/// A login of a job.
#[derive(Debug, Clone)]
pub(super) struct Used {
    pub(super) place: Place,
    /// The step of the job that uses the action in which the login is.
    pub(super) from: String,
    pub(super) credentials: Credentials,
    pub(super) start: Position,
    /// Where another login replaces the credentials.
    pub(super) end: Option<Position>,
    /// Where it ends, its credentials assume the next role.
    pub(super) ends_in_chain: bool,
    /// How old the credentials may be when the job starts: another job made them.
    pub(super) age: Option<Age>,
    /// The profile that has the credentials.
    pub(super) profile: Option<String>,
    /// One step alone has them.
    pub(super) of_step: bool,
}

/// What the steps of a job do.
#[derive(Default)]
pub(super) struct StepWalk<'a> {
    pub(super) logins: Vec<Used>,
    /// The credentials in the environment.
    pub(super) before: Credentials,
    /// The login that put them there.
    pub(super) current: Option<usize>,
    /// The credentials in the outputs of steps, by the step's id and the output's name.
    pub(super) outputs: BTreeMap<(String, String), Credentials>,
    /// How long each step of the job may run.
    pub(super) timeouts: Vec<StepTime>,
    /// The folder of a checkout below the workspace.
    pub(super) checkouts: Vec<String>,
    /// What the steps wrote into the environment.
    pub(super) written: WrittenEnv<'a>,
    /// The profiles that logins wrote.
    pub(super) profiles: BTreeSet<String>,
    /// The profile that `AWS_PROFILE` names by a login.
    pub(super) exported_profile: Option<String>,
    /// A step wrote profiles by other means.
    pub(super) has_other_profiles: bool,
    /// A chain of logins was longer than is followed.
    pub(super) chain_is_cut: bool,
}

impl StepWalk<'_> {
    /// The session of the login whose credentials are in the environment.
    pub(super) fn current_session(&self) -> Option<&Credentials> {
        let session = |found: &&Credentials| matches!(found, Credentials::Path(_, hops) if !hops.is_empty());
        self.current.map(|current| &self.logins[current].credentials).filter(session)
    }

    /// The credentials of the profile that an SDK takes where the environment has no keys.
    pub(super) fn of_profile(&self, scope: &Scope<'_>) -> Credentials {
        if self.has_other_profiles {
            return Credentials::NotKnown;
        }
        let named = || scope.env("AWS_PROFILE").and_then(|name| name.as_text()).filter(|name| !name.is_empty());
        let name = self.exported_profile.clone().or_else(named).unwrap_or_else(|| "default".to_owned());
        let of_name = |login: &&Used| login.profile.as_ref() == Some(&name);
        if !self.profiles.contains(&name) {
            return Credentials::None;
        }
        let login = self.logins.iter().rev().find(of_name);
        login.map_or(Credentials::None, |login| login.credentials.clone())
    }

    /// The environment gets credentials of which nothing is known.
    pub(super) fn replaced_by_others(&mut self, at: Position) {
        self.before = Credentials::NotKnown;
        if let Some(current) = self.current.take() {
            self.logins[current].end = Some(at);
        }
    }

    /// What follows is not known: a login is not judged.
    pub(super) fn lose(&mut self) {
        self.before = Credentials::NotKnown;
        self.current = None;
    }

    /// Adds a login, and ends the use of the one that it replaces. `exported`: the environment gets the credentials.
    fn add(&mut self, login: Used, chained: bool, exported: bool) {
        // A user's keys before the login are no session.
        let replaces = exported && !chained && self.current_session().is_some();
        if let Some(current) = self.current.filter(|_| exported) {
            let current = &mut self.logins[current];
            // A profile keeps its session until it gets another.
            if chained || current.profile.is_none() || current.profile == login.profile {
                current.end = Some(login.start);
                current.ends_in_chain = chained;
            }
        }
        let same_profile = |known: &&mut Used| login.profile.is_some() && known.profile == login.profile;
        let mut replaced = 0;
        for known in self.logins.iter_mut().filter(same_profile).filter(|known| known.end.is_none()) {
            known.end = Some(login.start);
            replaced += 1;
        }
        let again = replaces || replaced > 0;
        let credentials = login.credentials.clone();
        self.logins.push(Used { start: Position { again, ..login.start }, ..login });
        if exported {
            self.current = Some(self.logins.len() - 1);
            self.before = credentials;
        }
    }
}

/// Adds the login of a step, and that of another job whose credentials it uses.
pub(super) fn add_login(
    login: Login,
    handed: Option<HandedOver>,
    place: Place,
    from: String,
    start: Position,
    walk: &mut StepWalk<'_>,
) {
    let Login { credentials, chained, exported, profile, .. } = login;
    let used =
        Used { place, from, credentials, start, end: None, ends_in_chain: false, age: None, profile, of_step: false };
    let used = match handed {
        Some(handed) if handed.credentials == used.credentials => Used { age: handed.age, ..used },
        Some(handed) => {
            walk.logins.push(Used {
                credentials: handed.credentials,
                end: Some(start),
                ends_in_chain: true,
                age: handed.age,
                profile: None,
                ..used.clone()
            });
            used
        }
        None => used,
    };
    walk.add(used, chained, exported);
}

//! One step of `aws-actions/configure-aws-credentials`: which call to STS it makes, by its inputs (the action's README,
//! table of identities; `action` has the rules of each version).

use std::collections::BTreeSet;

use super::action::{ActionVersion, LoginWay, Precedence, SWITCHES, Switch};
use super::known::{Known, known};
use super::node::{entry, text_of};
use super::not_judged::only_a_run_knows;
use super::runner::IdToken;
use super::scope::Scope;
use crate::import::DraftHop;
use crate::import::expression::Possible;
use crate::inventory::Source;
use crate::inventory::diagnostic::{Place, Placed};
use crate::inventory::yaml::Node;

/// The credentials in the environment after a step.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Credentials {
    /// None that the workflow put there.
    #[default]
    None,
    /// Some of which nothing is known.
    NotKnown,
    /// By this path; without a hop, the keys themselves.
    Path(Source, Vec<DraftHop>),
}

/// Why a login is not judged.
pub(super) struct NotJudgedLogin {
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) help: String,
    /// The login fails in every run.
    pub(super) cannot_work: bool,
}

/// The effect of a step.
pub(super) enum LoginEffect {
    /// The credentials stay as they are.
    Nothing,
    Login(Login),
}

/// A role that a step assumes.
pub(super) struct Login {
    pub(super) credentials: Credentials,
    /// The role is assumed with the credentials of the environment.
    pub(super) chained: bool,
    /// The environment gets the credentials; otherwise they are in a profile or in outputs.
    pub(super) exported: bool,
    /// The profile that gets the credentials.
    pub(super) profile: Option<String>,
    /// What people should know, and what to do.
    pub(super) note: Option<(String, String)>,
}

/// The credentials that a step finds.
#[derive(Clone, Copy)]
pub(super) struct Before<'a> {
    pub(super) environment: &'a Credentials,
    /// Those of the profile that the SDK takes if the environment has none.
    pub(super) profile: &'a Credentials,
}

/// Keys that are inputs of a step.
struct GivenKeys {
    /// The login whose credentials they are.
    handed: Option<Credentials>,
    source: Source,
    has_token: bool,
}

impl GivenKeys {
    /// How a role is assumed with them; `None`: it is not known whose they are.
    fn way(self, before: &Credentials) -> Option<Way> {
        let way = if self.has_token { LoginWay::SessionKeys } else { LoginWay::Keys };
        match self.handed {
            Some(Credentials::Path(source, hops)) => {
                let chained = !hops.is_empty() && *before == Credentials::Path(source.clone(), hops.clone());
                Some(Way { chained, ..Way::of(LoginWay::SessionKeys, source, hops) })
            }
            Some(_) => None,
            None => Some(Way::of(way, self.source, Vec::new())),
        }
    }
}

/// How a role is assumed, and with what.
struct Way {
    way: LoginWay,
    source: Source,
    hops: Vec<DraftHop>,
    /// The credentials are those of the environment.
    chained: bool,
    note: Option<(String, String)>,
}

impl Way {
    fn of(way: LoginWay, source: Source, hops: Vec<DraftHop>) -> Self {
        Self { way, source, hops, chained: false, note: None }
    }
}

/// A use of the action.
pub(super) struct LoginStep<'s, 'a> {
    pub(super) place: Place,
    pub(super) reference: String,
    /// `None`: neither the tag nor the comment beside it shows the version.
    known_version: Option<ActionVersion>,
    /// Another action than configure-aws-credentials.
    pub(super) known: Option<&'static Known>,
    pub(super) with: Option<&'s Node>,
    pub(super) scope: &'s Scope<'a>,
}

impl<'s, 'a> LoginStep<'s, 'a> {
    pub(super) fn read(node: &'s Node, scope: &'s Scope<'a>) -> Option<Self> {
        let uses = entry(node, "uses").and_then(text_of)?;
        let (action, reference) = uses.value.split_once('@').unwrap_or((&uses.value, ""));
        let (_, name) = action.split_once('/')?;
        let known = known(action);
        // Forks and mirrors keep the name.
        if known.is_none() && !name.eq_ignore_ascii_case("configure-aws-credentials") {
            return None;
        }
        let line = scope.text.get(uses.place.offset..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let comment = line.split_once(" #").map(|(_, comment)| comment);
        let known_version = match known {
            Some(known) => Some(known.version),
            None => ActionVersion::of_tag(reference).or_else(|| comment.and_then(ActionVersion::of_comment)),
        };
        let reference = reference.to_owned();
        Some(Self { place: uses.place, reference, known_version, known, with: entry(node, "with"), scope })
    }

    pub(super) fn version(&self) -> ActionVersion {
        self.known_version.unwrap_or(ActionVersion::NEWEST)
    }

    /// The value of an input, from `with` or from the environment, with the place that a person can change.
    pub(super) fn value(&self, name: &str, fill: impl Fn(&str) -> Possible) -> Option<Placed<Possible>> {
        if !self.version().reads(name) {
            return None;
        }
        let given = |filled: &Possible| filled.as_text().is_none_or(|text| !text.trim().is_empty());
        let written = || {
            let written = self.written(name)?;
            let value = fill(&written.value);
            given(&value).then_some(Placed { value, place: written.place })
        };
        let of_environment = || {
            let value = self.scope.env(&name.to_ascii_uppercase().replace('-', "_"))?;
            given(&value).then_some(Placed { value, place: self.place })
        };
        match self.version().precedence(name) {
            Precedence::InputAlone => written(),
            Precedence::InputThenEnvironment => written().or_else(of_environment),
            Precedence::EnvironmentThenInput => of_environment().or_else(written),
        }
    }

    /// An input that counts as left out where a caller may leave it out.
    pub(super) fn option(&self, name: &str) -> Option<Placed<Possible>> {
        self.value(name, |text| self.scope.fill_as_left_out(text))
    }

    /// Whether a switch is on; `None`: only a run knows.
    pub(super) fn is_on(&self, name: &str) -> Option<bool> {
        let Some(switch) = self.option(name) else { return Some(false) };
        let choices = switch.value.choices()?;
        let on = |text: &String| self.version().switch(text) == Switch::On;
        let first = choices.first().is_some_and(on);
        choices.iter().all(|text| on(text) == first).then_some(first)
    }

    /// A key or a token. One that a caller may leave out counts as given where nothing else can log in.
    fn secret(&self, name: &str) -> Option<Possible> {
        match self.option(name) {
            Some(given) => Some(given.value),
            None if matches!(self.scope.id_token, IdToken::Granted | IdToken::CallerDecides) => None,
            None => self.value(name, |text| self.scope.fill(text)).map(|given| given.value),
        }
    }

    /// The effect of the step, after these credentials. `handed_over` finds those that an expression hands over from
    /// another login.
    pub(super) fn effect(
        &self,
        before: Before<'_>,
        handed_over: &mut dyn FnMut(&str) -> Option<Credentials>,
    ) -> Result<LoginEffect, NotJudgedLogin> {
        self.refused_switch()?;
        let cleared = self.is_on("unset-current-credentials") == Some(true)
            && (!self.version().unsets_for_exports_alone() || self.exports());
        let is_empty = cleared || *before.environment == Credentials::None;
        let before = if is_empty { before.profile } else { before.environment };
        let existing = self.option("use-existing-credentials").and_then(|value| value.value.as_text());
        if existing.is_some_and(|text| self.version().uses_existing(&text)) && *before != Credentials::None {
            return Ok(LoginEffect::Nothing);
        }
        let keys = self.keys(handed_over);
        let Some(role) = self.value("role-to-assume", |text| self.scope.fill(text)) else {
            return self.without_role(before, keys);
        };
        let mut login = self.login_of(Credentials::None);
        let Way { way, source, mut hops, chained, note } = match keys {
            Some(keys) => keys.way(before).ok_or_else(|| self.not_known_before())?,
            None => self.way_without_keys(before, cleared)?,
        };
        (login.chained, login.note) = (chained, note);
        if login.note.is_none() && self.known_version.is_none() && matches!(way, LoginWay::Keys | LoginWay::TokenFile) {
            login.note = self.version_not_known();
        }
        hops.push(self.hop(role, way, &hops)?);
        login.credentials = Credentials::Path(source, hops);
        Ok(LoginEffect::Login(login))
    }

    /// The keys that the step is given.
    fn keys(&self, handed_over: &mut dyn FnMut(&str) -> Option<Credentials>) -> Option<GivenKeys> {
        let key = self.secret("aws-access-key-id")?;
        // A token that a caller may leave out is none: a user's keys have no token.
        let token = self.option("aws-session-token").map(|given| given.value);
        let handed = handed_over(token.as_ref().unwrap_or(&key).expression());
        let source = Source::of_kind(if token.is_some() { "session-token" } else { "iam-user" })?;
        Some(GivenKeys { handed, source, has_token: token.is_some() })
    }

    fn login_of(&self, credentials: Credentials) -> Login {
        Login { credentials, chained: false, exported: self.exports(), profile: self.profile(), note: None }
    }

    /// A step that only exports keys, or takes the credentials that are there.
    fn without_role(&self, before: &Credentials, keys: Option<GivenKeys>) -> Result<LoginEffect, NotJudgedLogin> {
        if self.known.is_some() && keys.is_none() {
            return Err(self.not_judged("the action is given no role", "name the role in the action's input"));
        }
        let credentials = match keys {
            Some(GivenKeys { handed: Some(credentials), .. }) => credentials,
            Some(keys) if !keys.has_token => Credentials::Path(keys.source, Vec::new()),
            Some(_) => return Err(self.copied_session()),
            None if *before != Credentials::None => return Ok(LoginEffect::Nothing),
            None if self.scope.runner.is_hosted() => {
                return Err(self.cannot_work("no role-to-assume and no keys", "name a role in role-to-assume"));
            }
            None => return Err(self.ambient("no role-to-assume and no keys")),
        };
        Ok(LoginEffect::Login(self.login_of(credentials)))
    }

    /// How a role is assumed without keys as inputs.
    fn way_without_keys(&self, before: &Credentials, cleared: bool) -> Result<Way, NotJudgedLogin> {
        let web_identity = |renewable| Source::WebIdentity { renewable };
        if self.value("web-identity-token-file", |text| self.scope.fill_as_left_out(text)).is_some() {
            return Ok(Way::of(LoginWay::TokenFile, web_identity(true), Vec::new()));
        }
        if let Some(first) = self.first_role() {
            if !self.may_use_identity_token() {
                return Err(self.no_credentials());
            }
            return Ok(Way::of(LoginWay::Chained, web_identity(false), vec![first]));
        }
        let chains = self.chains(before)?;
        if !chains && self.may_use_identity_token() {
            let note = (self.scope.id_token == IdToken::CallerDecides).then(|| {
                let message = "no `id-token: write` is written in this file: the workflow that calls it must grant \
                               it, or the step fails";
                (message.to_owned(), "grant `id-token: write` in the calling job".to_owned())
            });
            return Ok(Way { note, ..Way::of(LoginWay::IdentityToken, web_identity(false), Vec::new()) });
        }
        let way = if chains { LoginWay::Chained } else { LoginWay::Keys };
        match before {
            Credentials::Path(source, hops) => {
                let chained = !hops.is_empty();
                Ok(Way { chained, ..Way::of(way, source.clone(), hops.clone()) })
            }
            Credentials::NotKnown => Err(self.not_known_before()),
            Credentials::None if chains && self.scope.runner.is_hosted() => Err(if cleared {
                self.cannot_work(
                    "role-chaining, and unset-current-credentials clears the session before it is used",
                    "take out unset-current-credentials",
                )
            } else {
                self.cannot_work(
                    "role-chaining, and no login before it",
                    "log in to the first role in a step before, or take out role-chaining",
                )
            }),
            Credentials::None if chains => Err(self.not_known_before()),
            Credentials::None => Err(self.no_credentials()),
        }
    }

    /// A switch whose text is none that the action takes.
    fn refused_switch(&self) -> Result<(), NotJudgedLogin> {
        for name in SWITCHES.iter().filter(|_| self.known.is_none()) {
            let Some(written) = self.option(name) else { continue };
            let Some(text) = written.value.as_text() else { continue };
            if self.version().switch(&text) == Switch::Refused {
                return Err(self.refused(
                    format!("{name} is `{text}`: since version 5 the action fails unless it is true or false"),
                    "write true or false",
                    written.place,
                ));
            }
        }
        Ok(())
    }

    /// The login fails since a version of the action; that this version is used is known, or assumed.
    fn refused(&self, message: String, help: &str, place: Place) -> NotJudgedLogin {
        let cannot_work = self.known_version.is_some();
        NotJudgedLogin { place, message, help: help.to_owned(), cannot_work }
    }

    /// Whether the profile that an earlier login wrote is written again, which the action refuses.
    pub(super) fn refused_profile(&self, written: &BTreeSet<String>) -> Result<(), NotJudgedLogin> {
        let Some(profile) = self.option("aws-profile").filter(|_| self.known.is_none()) else { return Ok(()) };
        let name = profile.value.as_text().filter(|name| written.contains(name));
        match name {
            Some(name) if self.is_on("overwrite-aws-profile") == Some(false) => Err(self.refused(
                format!("an earlier step wrote the profile `{name}`: the action fails without overwrite-aws-profile"),
                "write overwrite-aws-profile: true, or another profile",
                profile.place,
            )),
            _ => Ok(()),
        }
    }

    /// Whether the step only exports keys that it is given.
    pub(super) fn hands_on(&self) -> bool {
        self.secret("aws-access-key-id").is_some()
            && self.value("role-to-assume", |text| self.scope.fill(text)).is_none()
    }

    /// Whether the role is assumed with the credentials of the environment, by `role-chaining`.
    fn chains(&self, before: &Credentials) -> Result<bool, NotJudgedLogin> {
        match self.is_on("role-chaining") {
            Some(chains) => Ok(chains),
            // Without an earlier login there is nothing to chain from.
            None if *before == Credentials::None => Ok(false),
            None => {
                let expression = self.option("role-chaining").map(|value| value.value.expression().to_owned());
                let (message, help) = only_a_run_knows("role-chaining", &expression.unwrap_or_default(), self.scope);
                Err(NotJudgedLogin { place: self.place, message, help, cannot_work: false })
            }
        }
    }

    fn may_use_identity_token(&self) -> bool {
        let granted = matches!(self.scope.id_token, IdToken::Granted | IdToken::CallerDecides);
        granted && self.version().uses_identity_tokens() && self.is_on("force-skip-oidc") != Some(true)
    }
}

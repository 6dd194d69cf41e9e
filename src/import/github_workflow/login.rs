//! One step of `aws-actions/configure-aws-credentials`: which call to STS it makes, by its inputs (the action's README,
//! table of identities; `action` has the rules of each version).

use super::action::{ActionVersion, LoginWay, Precedence};
use super::known::{Known, known};
use super::node::{entry, text_of};
use super::runner::IdToken;
use super::scope::Scope;
use crate::import::DraftHop;
use crate::import::expression::Possible;
use crate::inventory::Source;
use crate::inventory::problem::{Place, Placed};
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

/// A use of the action.
pub(super) struct LoginStep<'a> {
    pub(super) place: Place,
    reference: String,
    /// `None`: neither the tag nor the comment beside it shows the version.
    known_version: Option<ActionVersion>,
    /// Another action than configure-aws-credentials.
    pub(super) known: Option<&'static Known>,
    pub(super) with: Option<&'a Node>,
    pub(super) scope: &'a Scope<'a>,
}

impl<'a> LoginStep<'a> {
    pub(super) fn read(node: &'a Node, scope: &'a Scope<'a>) -> Option<Self> {
        let uses = entry(node, "uses").and_then(text_of)?;
        let (action, reference) = uses.value.split_once('@').unwrap_or((&uses.value, ""));
        let (_, name) = action.split_once('/')?;
        let known = known(action);
        // Forks and mirrors keep the name.
        if known.is_none() && !name.eq_ignore_ascii_case("configure-aws-credentials") {
            return None;
        }
        let line = scope.text.lines().nth(uses.place.line.saturating_sub(1)).unwrap_or_default();
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
        let on = |text: &String| text.trim().eq_ignore_ascii_case("true");
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
        before: &Credentials,
        handed_over: &mut dyn FnMut(&str) -> Option<Credentials>,
    ) -> Result<LoginEffect, NotJudgedLogin> {
        let cleared = self.is_on("unset-current-credentials") == Some(true) && !self.chains(before)?;
        let before = if cleared { &Credentials::None } else { before };
        let existing = self.option("use-existing-credentials").and_then(|value| value.value.as_text());
        if existing.is_some_and(|text| self.version().uses_existing(&text)) && *before != Credentials::None {
            return Ok(LoginEffect::Nothing);
        }
        let key = self.secret("aws-access-key-id");
        // A token that a caller may leave out is none: a user's keys have no token.
        let token = self.option("aws-session-token").map(|given| given.value);
        let mut handed = || handed_over(token.as_ref().or(key.as_ref())?.expression());
        let keys = if token.is_some() { Source::of_kind("session-token") } else { Source::of_kind("iam-user") };
        let exported = self.exports();
        let profile = self.profile();
        let Some(role) = self.value("role-to-assume", |text| self.scope.fill(text)) else {
            if self.known.is_some() && key.is_none() {
                return Err(self.not_judged("the action is given no role", "name the role in the action's input"));
            }
            let credentials = match (key.is_some(), handed(), keys) {
                (true, Some(credentials), _) => credentials,
                (true, None, Some(keys)) if token.is_none() => Credentials::Path(keys, Vec::new()),
                (true, ..) => return Err(self.copied_session()),
                (false, ..) if *before != Credentials::None => return Ok(LoginEffect::Nothing),
                (false, ..) if self.scope.runner.is_hosted() => {
                    return Err(self.cannot_work("no role-to-assume and no keys", "name a role in role-to-assume"));
                }
                (false, ..) => return Err(self.ambient("no role-to-assume and no keys")),
            };
            return Ok(LoginEffect::Login(Login { credentials, chained: false, exported, profile, note: None }));
        };
        let mut login = Login { credentials: Credentials::None, chained: false, exported, profile, note: None };
        let (way, source, mut hops) = if let (true, Some(keys)) = (key.is_some(), keys) {
            match handed() {
                Some(Credentials::Path(source, hops)) => {
                    login.chained = !hops.is_empty() && *before == Credentials::Path(source.clone(), hops.clone());
                    (LoginWay::SessionKeys, source, hops)
                }
                Some(_) => return Err(self.not_known_before()),
                None if token.is_some() => (LoginWay::SessionKeys, keys, Vec::new()),
                None => (LoginWay::Keys, keys, Vec::new()),
            }
        } else if self.value("web-identity-token-file", |text| self.scope.fill_as_left_out(text)).is_some() {
            (LoginWay::TokenFile, Source::WebIdentity { renewable: true }, Vec::new())
        } else if let Some(first) = self.first_role() {
            if !self.may_use_identity_token() {
                return Err(self.no_credentials());
            }
            (LoginWay::Chained, Source::WebIdentity { renewable: false }, vec![first])
        } else if !self.chains(before)? && self.may_use_identity_token() {
            if self.scope.id_token == IdToken::CallerDecides {
                login.note = Some((
                    "no `id-token: write` is written in this file: the workflow that calls it must grant it, or the \
                     step fails"
                        .to_owned(),
                    "grant `id-token: write` in the calling job".to_owned(),
                ));
            }
            (LoginWay::IdentityToken, Source::WebIdentity { renewable: false }, Vec::new())
        } else {
            let way = if self.chains(before)? { LoginWay::Chained } else { LoginWay::Keys };
            match before {
                Credentials::Path(source, hops) => {
                    login.chained = !hops.is_empty();
                    (way, source.clone(), hops.clone())
                }
                Credentials::NotKnown => return Err(self.not_known_before()),
                Credentials::None if way == LoginWay::Chained && self.scope.runner.is_hosted() => {
                    return Err(self.cannot_work(
                        "role-chaining, and no login before it",
                        "log in to the first role in a step before, or take out role-chaining",
                    ));
                }
                Credentials::None if way == LoginWay::Chained => return Err(self.not_known_before()),
                Credentials::None => return Err(self.no_credentials()),
            }
        };
        if login.note.is_none() && self.known_version.is_none() && matches!(way, LoginWay::Keys | LoginWay::TokenFile) {
            login.note = self.version_not_known();
        }
        hops.push(self.hop(role, way, &hops)?);
        login.credentials = Credentials::Path(source, hops);
        Ok(LoginEffect::Login(login))
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

    fn version_not_known(&self) -> Option<(String, String)> {
        if self.option("role-duration-seconds").is_some() {
            return None;
        }
        let message = format!(
            "the version of the action `{}` is not known: it is judged as version 3 or later, which asks for 1h; \
             versions 1 and 2, with a user's keys, ask for 6h",
            self.reference
        );
        let help = "write role-duration-seconds, or the version in a comment beside the step: # v4.1.0".to_owned();
        Some((message, help))
    }

    fn not_judged(&self, message: impl Into<String>, help: &str) -> NotJudgedLogin {
        NotJudgedLogin { place: self.place, message: message.into(), help: help.to_owned(), cannot_work: false }
    }

    fn copied_session(&self) -> NotJudgedLogin {
        self.not_judged(
            "keys with a session token: a copy of a session, and the workflow does not state when that expires",
            "declare the job in an inventory, with its source's duration",
        )
    }

    fn not_known_before(&self) -> NotJudgedLogin {
        self.not_judged(
            "role-chaining: the credentials with which the role is assumed are not known",
            "declare the job in an inventory, with its whole path",
        )
    }

    fn ambient(&self, why: &str) -> NotJudgedLogin {
        self.not_judged(
            format!("{why}: the step takes the runner's own credentials, which are not in the workflow"),
            "declare the job in an inventory: source ec2-instance, ecs-task or eks-pod-identity, and the role",
        )
    }

    /// No keys, no identity token and no earlier login.
    fn no_credentials(&self) -> NotJudgedLogin {
        if !self.scope.runner.is_hosted() {
            return self.ambient("no `id-token: write` on a runner that may have credentials");
        }
        let why = match &self.scope.id_token {
            IdToken::NotGranted(by) => by.clone(),
            IdToken::NotWritten => "no `permissions` with `id-token: write` are written".to_owned(),
            IdToken::Granted | IdToken::CallerDecides => "the action does not ask for an identity token".to_owned(),
        };
        self.cannot_work(&format!("{why}, and there are no keys"), "add `id-token: write` to the job's permissions")
    }

    /// A login that fails in every run on a runner of GitHub's.
    fn cannot_work(&self, why: &str, help: &str) -> NotJudgedLogin {
        let message = format!("{why}: a GitHub-hosted runner has no credentials, the step fails");
        NotJudgedLogin { cannot_work: true, ..self.not_judged(message, help) }
    }
}

/// What is said of a value that depends on an expression, and what to do.
pub(super) fn only_a_run_knows(input: &str, expression: &str, scope: &Scope<'_>) -> (String, String) {
    let why = match scope.computed(expression) {
        Some(by) => format!(": its matrix is computed, by `{by}`"),
        None => String::new(),
    };
    let help = match variable(expression) {
        Some(name) => format!("give its value: --var {name}=VALUE"),
        None => "write the value itself, or one name such as `${{ vars.NAME }}` and give that: --var vars.NAME=VALUE"
            .to_owned(),
    };
    (format!("{input} depends on `{expression}`, which only a run knows{why}"), help)
}

/// The name in `${{ vars.NAME }}`, to be given a value.
fn variable(expression: &str) -> Option<&str> {
    let name = expression.trim_start_matches("${{").trim_end_matches("}}").trim();
    name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)).then_some(name)
}

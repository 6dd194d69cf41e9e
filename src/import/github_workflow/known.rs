//! Actions of other repositories that log in to AWS, known by name. Their own files are not read: each is described by
//! its `action.yml` at the named commit.

use super::action::ActionVersion;
use super::login::LoginStep;
use super::node::{entry, text_of};
use crate::import::{DraftHop, DraftRole};
use crate::inventory::diagnostic::Placed;

/// An action that gets the credentials of a role.
#[derive(Debug)]
pub(super) struct Known {
    /// Its repository and its path, in lower case.
    pub(super) action: &'static str,
    /// The version of configure-aws-credentials that it uses, or whose rules it has.
    pub(super) version: ActionVersion,
    pub(super) inputs: Inputs,
    pub(super) exports: Exports,
    /// The role that it assumes first, with an identity token; the role of its inputs is chained from that.
    pub(super) through: Option<&'static str>,
}

/// How its inputs are named.
#[derive(Debug)]
pub(super) enum Inputs {
    /// As those of configure-aws-credentials.
    Same,
    /// Only these: the name in configure-aws-credentials, then its own.
    Renamed(&'static [(&'static str, Own)]),
}

/// What an input of configure-aws-credentials is in another action.
#[derive(Debug)]
pub(super) enum Own {
    /// These inputs, of which older versions have the later ones.
    Inputs(&'static [&'static str]),
    /// This input, or its default.
    WithDefault(&'static str, &'static str),
    /// The action makes the value itself; people know it by this expression.
    Made(&'static str),
}

/// When the environment gets the credentials.
#[derive(Debug, Clone, Copy)]
pub(super) enum Exports {
    Always,
    Never,
    /// If this input is `true`; it is by default, or not.
    If(&'static str, bool),
    /// Unless this input is `true`.
    Unless(&'static str),
}

/// The oldest rules: durations read by `parseInt`, an hour by default, no environment.
const PLAIN: ActionVersion = ActionVersion::V3;

const KNOWN: [Known; 7] = [
    // elastic/oblt-actions@0261f2a, aws/auth/action.yml: a composite action with configure-aws-credentials v6.2.4.
    Known {
        action: "elastic/oblt-actions/aws/auth",
        version: ActionVersion::NEWEST,
        inputs: Inputs::Renamed(&[
            ("role-to-assume", Own::Made("${{ elastic/oblt-actions/aws/auth: outputs.role-arn }}")),
            ("role-duration-seconds", Own::WithDefault("role-duration-seconds", "3600")),
        ]),
        exports: Exports::Always,
        through: None,
    },
    // grafana/shared-workflows@0b0e7c9, actions/aws-auth/action.yaml, and its README: an identity pool of Amazon
    // Cognito (catnekaise/cognito-idpool-auth) gives the session of a first role.
    Known {
        action: "grafana/shared-workflows/actions/aws-auth",
        version: PLAIN,
        inputs: Inputs::Renamed(&[
            ("role-to-assume", Own::Inputs(&["role-arn", "chain-role-arn"])),
            ("role-duration-seconds", Own::Inputs(&["role-duration-seconds", "chain-role-duration-seconds"])),
        ]),
        exports: Exports::If("set-creds-in-environment", true),
        through: Some("arn:aws:iam::590183704419:role/github-actions-oidc-jump-role"),
    },
    // mcblair/configure-aws-profile-action@847c89f, action.yml: configure-aws-credentials v4, then a profile.
    Known {
        action: "mcblair/configure-aws-profile-action",
        version: ActionVersion::V4,
        inputs: Inputs::Same,
        exports: Exports::Never,
        through: None,
    },
    // Moulick/configure-multiple-aws-roles@005430c, action.yml: configure-aws-credentials v6.2.2, then a profile.
    Known {
        action: "moulick/configure-multiple-aws-roles",
        version: ActionVersion::NEWEST,
        inputs: Inputs::Same,
        exports: Exports::Unless("only-profile"),
        through: None,
    },
    // dflook/configure-oidc-aws-credentials@b4055cc, action.yml.
    Known {
        action: "dflook/configure-oidc-aws-credentials",
        version: PLAIN,
        inputs: Inputs::Renamed(&[
            ("role-to-assume", Own::Inputs(&["role-arn"])),
            ("role-duration-seconds", Own::WithDefault("duration-seconds", "3600")),
            ("role-session-name", Own::WithDefault("role-session-name", "GitHubActions")),
        ]),
        exports: Exports::If("export-variables", false),
        through: None,
    },
    // guardian/actions-assume-aws-role@558ad16, action.yml.
    Known {
        action: "guardian/actions-assume-aws-role",
        version: PLAIN,
        inputs: Inputs::Renamed(&[("role-to-assume", Own::Inputs(&["awsRoleToAssume"]))]),
        exports: Exports::Always,
        through: None,
    },
    // awslabs/duvet-action@3a0bf9d, action.yml: a composite action with configure-aws-credentials v4.0.2.
    Known {
        action: "awslabs/duvet-action",
        version: ActionVersion::V4_0,
        inputs: Inputs::Renamed(&[
            ("role-to-assume", Own::Inputs(&["role-to-assume"])),
            ("role-session-name", Own::Inputs(&["role-session-name"])),
        ]),
        exports: Exports::Always,
        through: None,
    },
];

/// The action that a step uses, if it is known.
pub(super) fn known(action: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.action.eq_ignore_ascii_case(action))
}

impl Known {
    /// What an input of configure-aws-credentials is here; `None`: it has the same name.
    pub(super) fn own(&self, name: &str) -> Option<&'static Own> {
        match &self.inputs {
            Inputs::Same => None,
            Inputs::Renamed(inputs) => {
                let own = inputs.iter().find(|(known, _)| *known == name).map(|(_, own)| own);
                Some(own.unwrap_or(&Own::Inputs(&[])))
            }
        }
    }

    /// The name of its input for this input of configure-aws-credentials, if a file can state it.
    pub(super) fn name_of(&self, name: &'static str) -> Option<&'static str> {
        match self.own(name) {
            None => Some(name),
            Some(Own::Inputs(names)) => names.first().copied(),
            Some(Own::WithDefault(name, _)) => Some(name),
            Some(Own::Made(_)) => None,
        }
    }
}

impl LoginStep<'_, '_> {
    /// An input as it is written, with its place; an empty one counts as not written.
    pub(super) fn written(&self, name: &str) -> Option<Placed<String>> {
        let input = |name: &str| {
            let written = self.with.and_then(|with| entry(with, name)).and_then(text_of)?;
            (!written.value.is_empty()).then_some(written)
        };
        let made = |text: &str| Placed { value: text.to_owned(), place: self.place };
        match self.known.and_then(|known| known.own(name)) {
            None => input(name),
            Some(Own::Inputs(names)) => names.iter().find_map(|name| input(name)),
            Some(Own::WithDefault(name, default)) => Some(input(name).unwrap_or_else(|| made(default))),
            Some(Own::Made(expression)) => Some(made(expression)),
        }
    }

    /// Whether the environment gets the credentials.
    pub(super) fn exports(&self) -> bool {
        let Some(known) = self.known else {
            return match self.option("output-env-credentials") {
                Some(_) => self.is_on("output-env-credentials") != Some(false),
                None => self.option("aws-profile").is_none(),
            };
        };
        let is_true = |name: &str| {
            let written = self.with.and_then(|with| entry(with, name)).and_then(text_of)?;
            Some(self.scope.fill_as_left_out(&written.value).as_text().as_deref() == Some("true"))
        };
        match known.exports {
            Exports::Always => true,
            Exports::Never => false,
            Exports::If(name, default) => is_true(name).unwrap_or(default),
            Exports::Unless(name) => is_true(name) != Some(true),
        }
    }

    /// The profile that gets the credentials.
    pub(super) fn profile(&self) -> Option<String> {
        let of_other = || self.known.and_then(|_| self.option("profile"));
        let profile = self.option("aws-profile").or_else(of_other)?.value;
        Some(profile.as_text().unwrap_or_else(|| profile.expression().to_owned()))
    }

    /// The role that the action assumes first.
    pub(super) fn first_role(&self) -> Option<DraftHop> {
        let arn = self.known?.through?;
        let role = DraftRole::Arn(Placed { value: arn.to_owned(), place: self.place });
        Some(DraftHop { role, duration: None, misread: None, external_id: None, session_name: None, sessions: None })
    }
}

#[cfg(test)]
mod tests {
    use super::{Exports, KNOWN, known};

    #[test]
    fn names_are_in_lower_case_and_found_in_any() {
        assert!(KNOWN.iter().all(|one| one.action == one.action.to_ascii_lowercase()));
        let found = known("Moulick/configure-multiple-aws-roles").unwrap();
        assert!(matches!(found.exports, Exports::Unless("only-profile")));
        assert!(known("elastic/oblt-actions/aws").is_none());
    }

    #[test]
    fn a_duration_is_written_under_the_name_of_the_action() {
        let name = |action: &str| known(action).unwrap().name_of("role-duration-seconds");
        assert_eq!(name("dflook/configure-oidc-aws-credentials"), Some("duration-seconds"));
        assert_eq!(name("mcblair/configure-aws-profile-action"), Some("role-duration-seconds"));
        assert_eq!(name("awslabs/duvet-action"), None);
    }
}

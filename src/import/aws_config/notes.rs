//! What to know of profiles that are judged. A statement that holds for several profiles is made once.

use std::collections::BTreeMap;

use crate::inventory::{Diagnostic, Location};
use crate::shared_config::{Difference, Ineffective, Profile};
use crate::visible::first_of;

/// A statement about a profile, and what would be right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement {
    what: &'static str,
    help: &'static str,
}

/// The durations of IAM Identity Center, which no file of the user's holds.
pub(super) const IDENTITY_CENTER: Statement = Statement {
    what: "IAM Identity Center: AWS's defaults, 1h and 8h, are assumed for the permission set's session and the \
        portal's, which the file does not state",
    help: "import it, and write `source: {kind: identity-center, session: 4h, portal_session: 12h}` with your \
        durations",
};

/// `sso_start_url` in the profile (aws/aws-cli#7656).
pub(super) const LEGACY_SSO: Statement = Statement {
    what: "sso_start_url in the profile is the older form: the AWS CLI and SDKs cannot renew its login, and when the \
        token expires, a person must log in",
    help: "write an [sso-session] and name it by `sso_session`: `aws configure sso` does",
};

/// `aws login`.
pub(super) const CONSOLE_LOGIN: Statement = Statement {
    what: "`aws login`: its credentials last 15 minutes, and tools renew them while the sign-in session lasts: AWS's \
           default, 12h, is assumed",
    help: "import it, and write `source: {kind: console-login, signin_session: 8h}` with your duration",
};

/// `aws_access_key_id` and its secret, used as they are.
pub(super) const LONG_TERM_KEY: Statement = Statement {
    what: "a long-term access key, which does not expire: not a job",
    help: "nothing to do for durations; AWS advises temporary credentials instead of long-term keys",
};

/// How many profiles are named before the rest is counted.
const NAMED: usize = 3;

/// The notes on profiles.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// What holds in the AWS CLI and boto3.
    pub(super) statements: Statements,
    /// How other SDKs read the profiles.
    pub(super) differences: Statements,
}

/// The statements, with the profiles that each holds for.
#[derive(Debug, Default)]
pub(super) struct Statements(BTreeMap<(String, String), Vec<(Location, String)>>);

impl Notes {
    pub(super) fn add(&mut self, profile: &Profile, statement: Statement) {
        self.statements.insert(&profile.name, &profile.location, statement.what.to_owned(), statement.help);
    }

    pub(super) fn ineffective(&mut self, all: Vec<Ineffective>) {
        for Ineffective { profile, location, kind } in all {
            let (what, help) = kind.describe();
            self.statements.insert(&profile, &location, what, help);
        }
    }

    pub(super) fn differences(&mut self, all: Vec<Difference>) {
        const HELP: &str = "check with the tool that the job uses";
        for Difference { profile, location, kind } in all {
            self.differences.insert(&profile, &location, kind.describe().to_owned(), HELP);
        }
    }
}

impl Statements {
    fn insert(&mut self, profile: &str, location: &Location, what: String, help: &str) {
        let known = self.0.entry((what, help.to_owned())).or_default();
        if !known.iter().any(|(_, name)| name == profile) {
            known.push((location.clone(), profile.to_owned()));
        }
    }

    /// One remark a statement, at the place of its first profile.
    pub(super) fn diagnostics(self) -> Vec<Diagnostic> {
        let remark = |((what, help), profiles): ((String, String), Vec<(Location, String)>)| {
            let (location, _) = profiles.first().cloned()?;
            let names: Vec<String> = profiles.iter().map(|(_, name)| format!("`{name}`")).collect();
            let whose = if names.len() == 1 { "profile" } else { "profiles" };
            let whose = format!("{whose} {}", first_of(&names, NAMED));
            Some(Diagnostic::new(location, format!("{whose}: {what}"), help))
        };
        self.0.into_iter().filter_map(remark).collect()
    }
}

//! The rules of `aws-actions/configure-aws-credentials` by its versions: which inputs each reads, and what it asks
//! STS for.
//!
//! Sources: the action's `CHANGELOG.md` and `action.yml`; `index.js` of v1.7.0 and v2.2.0; `src/index.ts`,
//! `src/helpers.ts` and `src/assumeRole.ts` of v3.0.2, v4.0.0, v4.1.0, v4.2.0, v4.2.1, v4.3.0, v5.0.0, v6.1.0 and
//! v6.2.3.

use crate::inventory::Seconds;

/// A version of the action; a part that a tag leaves out is the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ActionVersion(u16, u16, u16);

/// The action asks GitHub for an identity token (v1.6.0).
const IDENTITY_TOKENS: ActionVersion = ActionVersion(1, 6, 0);
/// Sessions as credentials are asked for an hour and no longer for six (v2.0.0, #513).
const ONE_HOUR_FOR_SESSIONS: ActionVersion = ActionVersion(2, 0, 0);
/// `role-chaining` (v2.1.0); before, the input is not read.
const ROLE_CHAINING: ActionVersion = ActionVersion(2, 1, 0);
/// One hour in every case, and durations read by `parseInt` (v3.0.0).
const ONE_HOUR_ALWAYS: ActionVersion = ActionVersion(3, 0, 0);
/// `use-existing-credentials` (v4.1.0).
const EXISTING_CREDENTIALS: ActionVersion = ActionVersion(4, 1, 0);
/// Any text for `use-existing-credentials` counts as true, `false` too (v5.0.0).
const EXISTING_CREDENTIALS_BY_ANY_TEXT: ActionVersion = ActionVersion(5, 0, 0);
/// Inputs are read from the environment too, such as `ROLE_DURATION_SECONDS` (v4.2.0, `translateEnvVariables`).
const ENVIRONMENT: ActionVersion = ActionVersion(4, 2, 0);
/// Inputs take precedence over the environment (v4.2.1).
const INPUTS_FIRST: ActionVersion = ActionVersion(4, 2, 1);
/// `output-env-credentials` (v4.3.0).
const OUTPUT_ENV: ActionVersion = ActionVersion(4, 3, 0);
/// A switch with another text than a boolean of YAML's core schema makes the action fail (v5.0.0, `getBooleanInput`).
const SWITCHES_ARE_CHECKED: ActionVersion = ActionVersion(5, 0, 0);
/// Outputs of credentials and `unset-current-credentials` (v3.0.0).
const OUTPUTS: ActionVersion = ActionVersion(3, 0, 0);
/// `force-skip-oidc` (v5.0.0).
const SKIP_OIDC: ActionVersion = ActionVersion(5, 0, 0);
/// `aws-profile` (v6.1.0).
const PROFILES: ActionVersion = ActionVersion(6, 1, 0);

/// `DurationSeconds` of versions 1 and 2 where none is written (`MAX_ACTION_RUNTIME`: six hours).
const OLD_DEFAULT: Seconds = Seconds(21_600);
/// The inputs that are read from the environment (v6.2.3, `translateEnvVariables`); keys are not among them.
const FROM_ENVIRONMENT: [&str; 10] = [
    "role-to-assume",
    "web-identity-token-file",
    "role-chaining",
    "role-duration-seconds",
    "role-external-id",
    "role-session-name",
    "unset-current-credentials",
    "use-existing-credentials",
    "output-credentials",
    "overwrite-aws-profile",
];
/// The inputs that are switches.
pub(super) const SWITCHES: [&str; 10] = [
    "role-chaining",
    "output-credentials",
    "output-env-credentials",
    "unset-current-credentials",
    "force-skip-oidc",
    "overwrite-aws-profile",
    "mask-aws-account-id",
    "role-skip-session-tagging",
    "disable-retry",
    "special-characters-workaround",
];
/// The session name where none is written (`ROLE_SESSION_NAME`).
pub(super) const DEFAULT_SESSION_NAME: &str = "GitHubActions";

/// How a role is assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoginWay {
    /// With GitHub's identity token.
    IdentityToken,
    /// With a token file.
    TokenFile,
    /// With a user's keys, or those of the environment.
    Keys,
    /// With keys and a session token.
    SessionKeys,
    /// With `role-chaining`.
    Chained,
}

/// Where an input's value is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precedence {
    InputAlone,
    InputThenEnvironment,
    EnvironmentThenInput,
}

/// How the text of a switch is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    On,
    Off,
    /// The action fails.
    Refused,
}

/// How a written duration is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duration {
    /// Nothing is written, or what counts as nothing.
    Default,
    Stated(Seconds),
    /// The action fails before it calls STS.
    Refused,
}

impl ActionVersion {
    /// The version that is taken where none is known.
    pub(super) const NEWEST: Self = Self(u16::MAX, u16::MAX, u16::MAX);

    /// The oldest version with the rules of today's durations.
    pub(super) const V3: Self = ONE_HOUR_ALWAYS;
    pub(super) const V4_0: Self = Self(4, 0, u16::MAX);
    /// The newest version 4.
    pub(super) const V4: Self = Self(4, u16::MAX, u16::MAX);

    /// The version of `v4`, `4`, `v4.1.0`, `v1-node16` or `refs/tags/v4`; of a commit or a branch, none.
    pub(super) fn of_tag(reference: &str) -> Option<Self> {
        let reference = reference.strip_prefix("refs/tags/").unwrap_or(reference);
        let version = reference.strip_prefix('v').unwrap_or(reference);
        let end = version.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(version.len());
        let (numbers, rest) = version.split_at(end);
        if !(rest.is_empty() || rest.starts_with('-')) {
            return None;
        }
        let mut parts = numbers.split('.').map(|part| if part.len() <= 3 { part.parse().ok() } else { None });
        let major = parts.next()??;
        let mut next = || parts.next().map_or(Some(u16::MAX), |part| part);
        Some(Self(major, next()?, next()?))
    }

    /// The version that a comment such as `# v1.7.0` names.
    pub(super) fn of_comment(comment: &str) -> Option<Self> {
        let words = comment.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
        words.filter(|word| word.starts_with('v') || word.contains('.')).find_map(Self::of_tag)
    }

    /// Whether the action can ask GitHub for an identity token.
    pub(super) fn uses_identity_tokens(self) -> bool {
        self >= IDENTITY_TOKENS
    }

    /// Whether an input is read at all.
    pub(super) fn reads(self, input: &str) -> bool {
        let since = match input {
            "role-chaining" => ROLE_CHAINING,
            "use-existing-credentials" => EXISTING_CREDENTIALS,
            "output-env-credentials" => OUTPUT_ENV,
            "force-skip-oidc" => SKIP_OIDC,
            "aws-profile" | "overwrite-aws-profile" => PROFILES,
            "output-credentials" | "unset-current-credentials" => OUTPUTS,
            _ => return true,
        };
        self >= since
    }

    /// How the text of a switch is read.
    pub(super) fn switch(self, text: &str) -> Switch {
        let text = text.trim();
        if self < SWITCHES_ARE_CHECKED {
            return if text.eq_ignore_ascii_case("true") { Switch::On } else { Switch::Off };
        }
        match text {
            "true" | "True" | "TRUE" => Switch::On,
            "" | "false" | "False" | "FALSE" => Switch::Off,
            _ => Switch::Refused,
        }
    }

    /// Whether `unset-current-credentials` clears the environment only where it gets the new credentials.
    pub(super) fn unsets_for_exports_alone(self) -> bool {
        self >= OUTPUT_ENV
    }

    /// Whether this text for `use-existing-credentials` counts as true.
    pub(super) fn uses_existing(self, text: &str) -> bool {
        text.eq_ignore_ascii_case("true") || (self >= EXISTING_CREDENTIALS_BY_ANY_TEXT && !text.is_empty())
    }

    /// Where the value of an input is looked for.
    pub(super) fn precedence(self, input: &str) -> Precedence {
        if self < ENVIRONMENT || !FROM_ENVIRONMENT.contains(&input) {
            Precedence::InputAlone
        } else if self < INPUTS_FIRST {
            Precedence::EnvironmentThenInput
        } else {
            Precedence::InputThenEnvironment
        }
    }

    /// `DurationSeconds` where none is written; `None`: the hour that STS gives too.
    pub(super) fn default_duration(self, way: LoginWay) -> Option<Seconds> {
        let one_hour = match way {
            LoginWay::IdentityToken => true,
            LoginWay::SessionKeys | LoginWay::Chained => self >= ONE_HOUR_FOR_SESSIONS,
            LoginWay::Keys | LoginWay::TokenFile => self >= ONE_HOUR_ALWAYS,
        };
        (!one_hour).then_some(OLD_DEFAULT)
    }

    /// What `role-duration-seconds` asks for.
    pub(super) fn duration(self, text: &str) -> Duration {
        if text.is_empty() {
            return Duration::Default;
        }
        if self < ONE_HOUR_ALWAYS {
            return text.parse().map_or(Duration::Refused, |seconds| Duration::Stated(Seconds(seconds)));
        }
        match parse_int(text) {
            None | Some(0) => Duration::Default,
            // A negative number is out of range like 0.
            Some(seconds) => Duration::Stated(Seconds(u64::try_from(seconds).unwrap_or(0))),
        }
    }

    /// What the action reads where a text for `role-duration-seconds` is no whole number; `None`: it reads what is
    /// written, or refuses it.
    pub(super) fn misread_duration(self, text: &str) -> Option<Duration> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let is_whole = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
            Some(digits) => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
            None => digits.bytes().all(|byte| byte.is_ascii_digit()),
        };
        (self >= ONE_HOUR_ALWAYS && !text.is_empty() && !is_whole).then(|| self.duration(text))
    }
}

/// JavaScript's `Number.parseInt` without a radix: the number at the start of the text, hexadecimal after `0x`.
fn parse_int(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (16, digits),
        None => (10, digits),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    // A number that is too large for STS stays too large.
    let number = if end > 15 { i64::from(i32::MAX) } else { i64::from_str_radix(&digits[..end], radix).ok()? };
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::{ActionVersion, Duration, LoginWay, Precedence, Switch};
    use crate::inventory::Seconds;

    fn version(tag: &str) -> ActionVersion {
        ActionVersion::of_tag(tag).unwrap()
    }

    #[test]
    fn a_tag_names_a_version_and_a_commit_does_not() {
        for (tag, known) in [
            ("v4", true),
            ("4", true),
            ("v4.2.0", true),
            ("v1-node16", true),
            ("refs/tags/v1", true),
            ("refs/heads/v1", false),
            ("main", false),
            ("ececac1a45f3b08a01d2dd070d28d111c5fe6722", false),
            ("1234567890123456789012345678901234567890", false),
            ("v4x", false),
        ] {
            assert_eq!(ActionVersion::of_tag(tag).is_some(), known, "{tag}");
        }
        assert!(version("v4") > version("v4.9.0") && version("v4") < version("v5.0.0"));
        assert_eq!(ActionVersion::of_comment(" v1.7.0"), Some(version("1.7.0")));
        assert_eq!(ActionVersion::of_comment(" tag=v2"), Some(version("2")));
        assert_eq!(ActionVersion::of_comment(" since 2024"), None);
    }

    #[test]
    fn six_hours_are_asked_for_by_versions_1_and_2_alone() {
        let six = Some(Seconds(21_600));
        for (tag, way, duration) in [
            ("v1.7.0", LoginWay::Keys, six),
            ("v1.7.0", LoginWay::SessionKeys, six),
            ("v1.7.0", LoginWay::IdentityToken, None),
            ("v2", LoginWay::TokenFile, six),
            ("v2", LoginWay::SessionKeys, None),
            ("v2", LoginWay::Chained, None),
            ("v3", LoginWay::Keys, None),
            ("v6", LoginWay::TokenFile, None),
        ] {
            assert_eq!(version(tag).default_duration(way), duration, "{tag} {way:?}");
        }
    }

    #[test]
    fn a_switch_with_another_text_fails_since_version_5() {
        for (text, old, new) in [
            ("true", Switch::On, Switch::On),
            ("TRUE", Switch::On, Switch::On),
            ("tRue", Switch::On, Switch::Refused),
            ("False", Switch::Off, Switch::Off),
            ("", Switch::Off, Switch::Off),
            ("yes", Switch::Off, Switch::Refused),
            ("1", Switch::Off, Switch::Refused),
        ] {
            assert_eq!((version("v4").switch(text), version("v5").switch(text)), (old, new), "{text}");
        }
    }

    #[test]
    fn a_duration_is_read_as_javascript_reads_it() {
        let newest = ActionVersion::NEWEST;
        for (text, duration) in [
            ("", Duration::Default),
            ("0", Duration::Default),
            ("one hour", Duration::Default),
            ("1h", Duration::Stated(Seconds(1))),
            ("3600s", Duration::Stated(Seconds(3600))),
            ("3600.5", Duration::Stated(Seconds(3600))),
            ("0x10", Duration::Stated(Seconds(16))),
            ("0xE10s", Duration::Stated(Seconds(3600))),
            ("0x", Duration::Default),
            ("-5", Duration::Stated(Seconds(0))),
            ("99999999999999999999", Duration::Stated(Seconds(2_147_483_647))),
        ] {
            assert_eq!(newest.duration(text), duration, "{text}");
        }
        for (text, misread) in [
            ("1h", Some(Duration::Stated(Seconds(1)))),
            ("1 hour", Some(Duration::Stated(Seconds(1)))),
            ("PT1H", Some(Duration::Default)),
            ("3600.5", Some(Duration::Stated(Seconds(3600)))),
            ("7.2e3", Some(Duration::Stated(Seconds(7)))),
            ("0x1C20", None),
            ("3600", None),
            ("0", None),
            ("-5", None),
            ("", None),
        ] {
            assert_eq!(newest.misread_duration(text), misread, "{text}");
        }
        assert_eq!(version("v2").misread_duration("1h"), None, "refused");
        assert_eq!(version("v2").duration("0"), Duration::Stated(Seconds(0)));
        assert_eq!(version("v1").duration("1h"), Duration::Refused);
    }

    #[test]
    fn the_environment_is_read_since_4_2_and_inputs_come_first_since_4_2_1() {
        let input = "role-duration-seconds";
        assert_eq!(version("v4.1.0").precedence(input), Precedence::InputAlone);
        assert_eq!(version("v4.2.0").precedence(input), Precedence::EnvironmentThenInput);
        assert_eq!(version("v4").precedence(input), Precedence::InputThenEnvironment);
        assert_eq!(version("v6").precedence("aws-access-key-id"), Precedence::InputAlone);
    }
}

//! The commands that mend: one each, for a POSIX shell, safe to paste. None of them prints a credential.

use super::Subject;
use crate::doctor::facts::{Base, Chain, Process, Profile, Provider};
pub(super) use crate::shell::word as quoted;

/// Takes the environment's credentials away.
pub(super) const UNSET_KEYS: &str =
    "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_CREDENTIAL_EXPIRATION";
/// Sets the clock, from Amazon's public time servers.
pub(super) const SET_CLOCK: &str = "sudo chronyd -q 'server time.aws.com iburst'";

/// ` --profile NAME`, but for the default one.
pub(super) fn of_profile(name: &str) -> String {
    if name == "default" { String::new() } else { format!(" --profile {}", quoted(name)) }
}

/// How a profile's base is renewed, or given anew.
pub(super) fn renew_profile(chain: &Chain) -> String {
    let profile = of_profile(&chain.profile);
    match &chain.base {
        Base::Sso(_) => format!("aws sso login{profile}"),
        Base::Login(_) => format!("aws login{profile}"),
        // A session that renews itself, instead of the copy.
        Base::Keys { token: true, .. } => format!("aws configure sso{profile}"),
        Base::Keys { is_session_key: Some(true), .. } => format!("aws configure sso{profile}"),
        Base::Keys { token: false, .. } => format!("aws configure{profile}"),
        // The command may hold a secret, but it stands in the config file anyway; what it prints does not show.
        Base::Process(_) => format!("sh -c \"$(aws configure get credential_process{profile})\" >/dev/null"),
        Base::WebIdentity(token) => format!("ls -l {}", quoted(&token.file)),
        Base::Named(_) => "curl -sS -m 2 -o /dev/null http://169.254.169.254/latest/meta-data/".to_owned(),
    }
}

/// Writes where the program is in the place of what the setting has; its arguments stay. Where there is none, nothing.
pub(super) fn find_program(process: &Process) -> String {
    let Process { program, file, line, .. } = process;
    let name = quoted(program.rsplit('/').next().unwrap_or_default());
    let edit = format!("{line}s|{}|$p|", program.replace('.', r"\."));
    format!("p=\"$(command -v {name})\" && sed -i \"{edit}\" {}", quoted(file))
}

/// How credentials of the winning provider are renewed, or given anew.
pub(super) fn renew(subject: &Subject<'_>) -> String {
    let facts = subject.facts;
    match (subject.deciding, &facts.profile) {
        // Behind the copy is a profile that renews by itself.
        (Some(Provider::Environment), Profile::Leads(_)) => UNSET_KEYS.to_owned(),
        (Some(Provider::Environment), _) if !facts.environment.token.is_set() => "aws configure".to_owned(),
        (Some(Provider::Environment), _) => {
            "eval \"$(aws configure export-credentials --profile NAME --format env)\"".to_owned()
        }
        (Some(Provider::Profile), Profile::Leads(chain)) => renew_profile(chain),
        (Some(Provider::WebIdentity), _) => {
            let file = facts.environment.web_identity.as_ref().map_or("", |identity| identity.file.as_str());
            format!("ls -l {}", quoted(file))
        }
        (Some(Provider::Container), _) => {
            "unset AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned()
        }
        (Some(Provider::InstanceMetadata), _) => {
            "curl -sS -m 2 -o /dev/null http://169.254.169.254/latest/meta-data/".to_owned()
        }
        _ => "aws login".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_named_but_for_the_default_one() {
        assert_eq!(of_profile("default"), "");
        assert_eq!(of_profile("my profile"), " --profile 'my profile'");
    }
}

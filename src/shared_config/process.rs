//! The programs that a `credential_process` may name and whose credentials are known without running them.

/// A known program and what its arguments say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Helper {
    /// `aws configure export-credentials`: the credentials of this profile (aws-cli 2, `exportcreds.py`).
    ExportCredentials {
        /// The profile that the command names.
        profile: Option<String>,
    },
    /// `aws_signing_helper credential-process`, IAM Roles Anywhere.
    RolesAnywhere {
        /// `--session-duration`, as it is written.
        duration: Option<String>,
    },
    /// `aws-vault exec` or `aws-vault export`: keys of the system's key store, a session of one hour
    /// (aws-vault `vault/config.go`, `DefaultSessionDuration`).
    AwsVault {
        /// `--duration` in Go's form, as it is written.
        duration: Option<String>,
    },
    /// `saml2aws`: a session by SAML, one hour unless its configuration says otherwise
    /// (saml2aws `pkg/cfg/cfg.go`, `DefaultSessionDuration`).
    Saml2aws {
        /// `--session-duration`, in seconds.
        duration: Option<String>,
    },
    /// `granted credential-process`: IAM Identity Center by the `granted_sso_…` settings of a profile
    /// (granted `pkg/granted/credential_process.go`).
    Granted,
    /// `gimme-aws-creds`: a session by Okta and SAML, one hour unless its configuration says otherwise.
    GimmeAwsCreds,
    /// Any other program.
    Unknown,
}

impl Helper {
    /// Reads a command.
    #[must_use]
    pub fn of(command: &str) -> Self {
        let Some(words) = split(command) else { return Self::Unknown };
        let Some((program, arguments)) = words.split_first() else { return Self::Unknown };
        let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = name.strip_suffix(".exe").unwrap_or(name);
        let has = |word: &str| arguments.iter().any(|argument| argument == word);
        match name {
            "aws" if has("configure") && has("export-credentials") => {
                Self::ExportCredentials { profile: option(arguments, &["profile"]) }
            }
            "aws_signing_helper" => Self::RolesAnywhere { duration: option(arguments, &["session-duration"]) },
            "aws-vault" if has("exec") || has("export") => {
                Self::AwsVault { duration: option(arguments, &["duration", "d"]) }
            }
            "saml2aws" => Self::Saml2aws { duration: option(arguments, &["session-duration"]) },
            "granted" | "dgranted" if has("credential-process") => Self::Granted,
            "gimme-aws-creds" => Self::GimmeAwsCreds,
            _ => Self::Unknown,
        }
    }
}

/// The value of `--name value` or `--name=value`.
fn option(arguments: &[String], names: &[&str]) -> Option<String> {
    arguments.iter().enumerate().find_map(|(index, argument)| {
        let written = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-'))?;
        match written.split_once('=') {
            Some((name, value)) => names.contains(&name).then(|| value.to_owned()),
            None => names.contains(&written).then(|| arguments.get(index + 1).cloned()).flatten(),
        }
    })
}

/// The words of the command, as a shell splits plain text; `None`: the shell does more with it.
fn split(command: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    let mut mark: Option<char> = None;
    for c in command.chars() {
        match (c, mark) {
            ('|' | ';' | '&' | '<' | '>' | '`' | '$' | '\n', None) => return None,
            ('$' | '`', Some('"')) => return None,
            (c, Some(end)) if c == end => mark = None,
            ('"' | '\'', None) => {
                mark = Some(c);
                if !open {
                    words.push(String::new());
                }
                open = true;
            }
            (c, None) if c.is_whitespace() => open = false,
            (c, _) => {
                if !open {
                    words.push(String::new());
                }
                open = true;
                words.last_mut()?.push(c);
            }
        }
    }
    mark.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_programs_are_read_with_what_their_arguments_say() {
        let export = |name: &str| Helper::ExportCredentials { profile: Some(name.to_owned()) };
        let vault = |duration: Option<&str>| Helper::AwsVault { duration: duration.map(str::to_owned) };
        for (command, expected) in [
            ("aws configure export-credentials --profile dev --format process", export("dev")),
            ("/usr/local/bin/aws --profile='my dev' configure export-credentials", export("my dev")),
            ("aws configure export-credentials", Helper::ExportCredentials { profile: None }),
            ("aws-vault exec jane --json --duration=2h", vault(Some("2h"))),
            ("aws-vault export jane --format=json", vault(None)),
            ("saml2aws login --credential-process", Helper::Saml2aws { duration: None }),
            ("granted credential-process --profile dev", Helper::Granted),
            ("gimme-aws-creds --profile dev", Helper::GimmeAwsCreds),
            (
                "\"C:\\Program Files\\aws_signing_helper.exe\" credential-process",
                Helper::RolesAnywhere { duration: None },
            ),
            ("aws configure export-credentials --profile dev | tee log", Helper::Unknown),
            ("sh -c 'aws configure export-credentials --profile dev'", Helper::Unknown),
            ("", Helper::Unknown),
        ] {
            assert_eq!(Helper::of(command), expected, "{command}");
        }
    }
}

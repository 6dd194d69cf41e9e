//! The variables: complete or not, fit to use or not, shadowing a profile, copied.
//!
//! How the tools differ: botocore 1.44 `credentials.py` and `configprovider.py`, aws-cli 2.36 the same, aws-config
//! 1.13; JavaScript 3.981 `credential-provider-node`, Go 2 `config/env_config.go`. The first two and JavaScript were
//! run.

use super::commands::{
    leave_out_keys, lives_on_environment, of_profile, quoted, rename_key, replace_copy, unset_profile_variable,
};
use super::{Diagnosis, DiagnosisSubject, Level};
use crate::doctor::facts::{
    Environment, HomeFolder, KeyKind, OldToken, ProfileFacts, Provider, RegionFacts, SelectedBy, Stated, VariableFacts,
};
use crate::shared_config::IneffectiveKind;
use crate::visible::configured;

pub(super) fn find(subject: &DiagnosisSubject<'_>, out: &mut Vec<Diagnosis>) {
    let environment = &subject.facts.environment;
    if subject.facts.selected.by != SelectedBy::Option {
        out.extend(incomplete(subject));
        out.extend(token(subject));
        out.extend(exchanged(environment).or_else(|| flawed(environment)).or_else(|| no_key_id(subject)));
        out.extend(shadows(subject));
        out.extend(copied(subject));
        out.extend(old_token(environment));
        out.extend(unreadable_expiration(environment));
        out.extend(profile_variables(subject));
    }
    out.extend(home(subject));
    out.extend(region(subject).or_else(|| malformed_region(subject)));
    out.extend(malformed_endpoint(environment));
    out.extend(ca_bundle(environment));
}

/// Key and secret make credentials; one of them alone does not.
fn incomplete(subject: &DiagnosisSubject<'_>) -> Option<Diagnosis> {
    let environment = &subject.facts.environment;
    let (there, missing, in_the_cli) = match (environment.access_key.is_set(), environment.secret.is_set()) {
        (true, false) => (
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "the AWS CLI and boto3 stop with \"Partial credentials found in env\"",
        ),
        // Seen with the AWS CLI, boto3 and JavaScript: each takes the next provider.
        (false, true) => {
            let level = if subject.deciding.is_none() { Level::Problem } else { Level::Warning };
            let token = if environment.token.is_set() { ", with AWS_SESSION_TOKEN" } else { "" };
            let what = format!("AWS_SECRET_ACCESS_KEY is set{token}, AWS_ACCESS_KEY_ID is not");
            let why = "The AWS CLI and the SDKs ignore the secret and take the next provider.";
            return Some(Diagnosis::new("environment-incomplete", level, what, why).fixed_by(leave_out_keys(subject)));
        }
        (false, false) if environment.token.is_set() => {
            return Some(Diagnosis::new(
                "token-alone",
                Level::Note,
                "AWS_SESSION_TOKEN is set without a key",
                "No tool uses it. With the next key that is set it is the token of another session, and AWS refuses \
                 both.",
            ).fixed_by("unset AWS_SESSION_TOKEN"));
        }
        _ => return None,
    };
    let token = if environment.token.is_set() { ", with AWS_SESSION_TOKEN" } else { "" };
    Some(Diagnosis::problem(
        "environment-incomplete",
        format!("{there} is set{token}, {missing} is not"),
        format!("The other SDKs ignore the environment and take the next provider; {in_the_cli}."),
        leave_out_keys(subject),
    ))
}

/// A session's key goes with a token, a long-term key without.
fn token(subject: &DiagnosisSubject<'_>) -> Option<Diagnosis> {
    let environment = &subject.facts.environment;
    let key = environment.key.filter(|_| environment.provides())?;
    match (key.kind, environment.token) {
        (KeyKind::Session, VariableFacts::Absent | VariableFacts::Blank) => {
            let state = if environment.token == VariableFacts::Blank { "set, but to nothing" } else { "not set" };
            Some(Diagnosis::problem(
                "token-missing",
                format!("{key} is a session's key, and AWS_SESSION_TOKEN is {state}"),
                "A key that begins with ASIA is worth nothing without its session token; AWS answers \
                 InvalidClientTokenId. An empty AWS_SESSION_TOKEN counts as none.",
                leave_out_keys(subject),
            ))
        }
        (KeyKind::LongTerm, VariableFacts::Set | VariableFacts::Flawed(_)) => Some(Diagnosis::problem(
            "token-left-over",
            format!("{key} is a long-term key, and AWS_SESSION_TOKEN is set"),
            "The token is left over from a session. AWS takes key and token as one and answers InvalidClientTokenId.",
            "unset AWS_SESSION_TOKEN",
        )),
        (KeyKind::LongTerm, VariableFacts::Blank) => Some(
            Diagnosis::new(
                "token-empty",
                Level::Note,
                "AWS_SESSION_TOKEN is set to nothing, which counts as absent",
                "The SDKs and the AWS CLI read it so; other programs may send an empty token.",
            )
            .fixed_by("unset AWS_SESSION_TOKEN"),
        ),
        _ => None,
    }
}

fn flawed(environment: &Environment) -> Option<Diagnosis> {
    // The bytes that the command keeps: no control and direction characters, and no quotation marks.
    const GRAPHIC: &str = "#-&(-~";
    let flawed: Vec<(&str, &str, &str)> = [
        ("AWS_ACCESS_KEY_ID", "[:alnum:]", environment.access_key),
        ("AWS_SECRET_ACCESS_KEY", GRAPHIC, environment.secret),
        ("AWS_SESSION_TOKEN", GRAPHIC, environment.token),
    ]
    .into_iter()
    .filter_map(|(name, kept, variable)| Some((name, kept, variable.flaw()?.as_str())))
    .collect();
    let named: Vec<String> = flawed.iter().map(|(name, _, flaw)| format!("{name} has {flaw} in it")).collect();
    let clean = |(name, kept, _): &(&str, &str, &str)| {
        format!("export {name}=\"$(printf %s \"${name}\" | LC_ALL=C tr -cd '{kept}')\"")
    };
    (!flawed.is_empty()).then(|| {
        Diagnosis::problem(
            "variable-malformed",
            named.join(", "),
            "No such credential has that: it came along when the value was copied, or from a file with Windows line \
             ends. The request cannot be sent, or AWS refuses its signature.",
            flawed.iter().map(clean).collect::<Vec<_>>().join("; "),
        )
    })
}

fn exchanged(environment: &Environment) -> Option<Diagnosis> {
    environment.exchanged.then(|| {
        Diagnosis::problem(
            "keys-exchanged",
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY look exchanged",
            "The value of AWS_ACCESS_KEY_ID has the form of a secret access key. The id goes out with each request, \
             in the open: if one was sent so, give the key up and create another.",
            "x=\"$AWS_ACCESS_KEY_ID\"; \
             export AWS_ACCESS_KEY_ID=\"$AWS_SECRET_ACCESS_KEY\"; export AWS_SECRET_ACCESS_KEY=\"$x\"; unset x",
        )
    })
}

/// A value that no key id has, unless AWS knows it.
fn no_key_id(subject: &DiagnosisSubject<'_>) -> Option<Diagnosis> {
    let environment = &subject.facts.environment;
    let known = environment.key.is_some_and(|key| key.kind != KeyKind::Unknown);
    (environment.provides() && !known && !subject.is_known_to_aws()).then(|| {
        Diagnosis::problem(
            "no-access-key-id",
            "AWS_ACCESS_KEY_ID holds no access key id of AWS",
            "An id begins with AKIA (a long-term key) or ASIA (a session's key). AWS answers InvalidClientTokenId to \
             any other.",
            leave_out_keys(subject),
        )
    })
}

/// The environment's keys come before AWS_PROFILE, but in JavaScript (`credential-provider-node`, `defaultProvider`)
/// and in version 3 of the SDK for .NET (`FallbackCredentialsFactory.cs`; version 4 takes the keys:
/// `DefaultAWSCredentialsIdentityResolver.cs`).
fn shadows(subject: &DiagnosisSubject<'_>) -> Option<Diagnosis> {
    let facts = subject.facts;
    let variable = match facts.selected.by {
        SelectedBy::Variable => "AWS_PROFILE",
        SelectedBy::DefaultVariable => "AWS_DEFAULT_PROFILE",
        SelectedBy::Option | SelectedBy::Default => return None,
    };
    let ProfileFacts::Leads(chain) = &facts.profile else { return None };
    if !facts.environment.provides() {
        return None;
    }
    let name = &facts.selected.name;
    let mut why =
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY win over the variable in the AWS CLI, boto3 and most SDKs; the \
                   SDKs for JavaScript and .NET 3 take AWS_PROFILE. In the AWS CLI, --profile wins over the keys."
            .to_owned();
    if lives_on_environment(chain) {
        why.push_str(" The profile assumes its role with these keys: without them it has no credentials.");
    }
    Some(Diagnosis::warning(
        "environment-shadows-profile",
        format!("{variable}={} is not used: the keys in the environment come first", quoted(name)),
        why,
        leave_out_keys(subject),
    ))
}

fn copied(subject: &DiagnosisSubject<'_>) -> Option<Diagnosis> {
    let environment = &subject.facts.environment;
    if !subject.decides(Provider::Environment) || !environment.token.is_set() || environment.is_lambda {
        return None;
    }
    let then = match &subject.facts.profile {
        ProfileFacts::Leads(chain) if !lives_on_environment(chain) => {
            let name = &subject.facts.selected.name;
            format!("Without the variables, tools use profile `{name}` and renew its credentials.")
        }
        ProfileFacts::Leads(_)
        | ProfileFacts::Absent
        | ProfileFacts::Missing { .. }
        | ProfileFacts::Empty(_)
        | ProfileFacts::Broken(_) => match subject.facts.others.is_empty() {
            true => "Tools renew the credentials of a login.".to_owned(),
            false => "Replace NAME by the profile that the credentials were copied from. Tools that use that profile \
                      renew them."
                .to_owned(),
        },
    };
    Some(Diagnosis::warning(
        "copied-session",
        "The session in the environment is a copy that nothing renews",
        format!("When it ends, every tool in this shell fails with ExpiredToken. {then}"),
        replace_copy(subject),
    ))
}

fn old_token(environment: &Environment) -> Option<Diagnosis> {
    (environment.old_token == OldToken::Different && environment.provides()).then(|| {
        Diagnosis::warning(
            "old-token-variable",
            "AWS_SECURITY_TOKEN is set, and is not AWS_SESSION_TOKEN",
            "The AWS CLI and boto3 read this older name first, the other SDKs do not read it: some of them send a \
             token that does not belong to the key.",
            "unset AWS_SECURITY_TOKEN",
        )
    })
}

fn unreadable_expiration(environment: &Environment) -> Option<Diagnosis> {
    let (id, what, why) = match environment.expiration {
        Stated::Unreadable => (
            "expiration-unreadable",
            "AWS_CREDENTIAL_EXPIRATION is not a time",
            "boto3 and the AWS CLI stop at it. It is written as 2026-01-31T12:00:00Z.",
        ),
        Stated::WithoutZone(_) => (
            "expiration-without-zone",
            "AWS_CREDENTIAL_EXPIRATION has no time zone",
            "The AWS CLI and boto3 stop at every call: \"can't subtract offset-naive and offset-aware datetimes\". It \
             is written as 2026-01-31T12:00:00Z.",
        ),
        Stated::Absent | Stated::At(_) => return None,
    };
    environment.provides().then(|| Diagnosis::problem(id, what, why, "unset AWS_CREDENTIAL_EXPIRATION"))
}

/// A name that is no credential, as a word of the shell.
fn shown(name: &str) -> String {
    quoted(&configured(name))
}

/// AWS_PROFILE and AWS_DEFAULT_PROFILE: aws-cli 2 and Go read the first before the second, boto3 and aws-cli 1 the
/// second before the first, other SDKs the first alone.
fn profile_variables(subject: &DiagnosisSubject<'_>) -> Option<Diagnosis> {
    let environment = &subject.facts.environment;
    match (environment.profile.as_deref(), environment.default_profile.as_deref()) {
        (Some(name), _) if name.trim().is_empty() => Some(Diagnosis::problem(
            "profile-variable-empty",
            "AWS_PROFILE is set to nothing",
            "The AWS CLI and boto3 stop with \"The config profile () could not be found\", also where the environment \
             has keys; the SDK for Rust looks for a profile without a name, finds none and goes on.",
            unset_profile_variable(subject, "AWS_PROFILE"),
        )),
        (None, Some(name)) if name.trim().is_empty() => Some(Diagnosis::problem(
            "profile-variable-empty",
            "AWS_DEFAULT_PROFILE is set to nothing",
            "The AWS CLI and boto3 stop with \"The config profile () could not be found\", also where the environment \
             has keys; SDKs that do not read the variable take the default profile.",
            unset_profile_variable(subject, "AWS_DEFAULT_PROFILE"),
        )),
        (Some(name), Some(other)) if name != other => Some(Diagnosis::warning(
            "two-profile-variables",
            format!("AWS_PROFILE and AWS_DEFAULT_PROFILE name two profiles, {} and {}", shown(name), shown(other)),
            "The SDKs and the AWS CLI 2 take AWS_PROFILE; boto3 and the AWS CLI 1 take AWS_DEFAULT_PROFILE.",
            "unset AWS_DEFAULT_PROFILE",
        )),
        (None, Some(name)) => Some(Diagnosis::warning(
            "default-profile-variable",
            format!("AWS_DEFAULT_PROFILE={} is not known to every tool", shown(name)),
            "The AWS CLI, boto3 and Go take this profile, other SDKs the default profile: they read AWS_PROFILE alone.",
            format!("export AWS_PROFILE={}", super::commands::name(name)),
        )),
        _ => None,
    }
}

/// Without HOME the SDKs have no `~`; Python has (`os.path.expanduser`).
fn home(subject: &DiagnosisSubject<'_>) -> Option<Diagnosis> {
    let (state, in_python) = match subject.facts.environment.home {
        HomeFolder::Known => return None,
        HomeFolder::NotSet => ("not set", "in the home folder that the system has of this user"),
        HomeFolder::Empty => ("set to nothing", "in /.aws"),
    };
    let needed = subject.deciding.is_none() || matches!(subject.facts.profile, ProfileFacts::Missing { .. });
    let level = if needed { Level::Problem } else { Level::Warning };
    let why = format!(
        "The SDK for Rust looks for the configuration files in the folder that the program runs in, and finds no SSO \
         login; the AWS CLI and boto3 look {in_python}, where this command did not look. Services, containers, cron \
         and `env -i` leave HOME out."
    );
    let what = format!("HOME is {state}: tools look for ~/.aws in different places");
    Some(Diagnosis::new("home-not-set", level, what, why).fixed_by("eval \"export HOME=~$(id -un)\""))
}

/// A value that no Region has: every host name contains it.
fn malformed_region(subject: &DiagnosisSubject<'_>) -> Option<Diagnosis> {
    let RegionFacts { variable, name, .. } =
        subject.facts.environment.region.as_ref().filter(|region| !region.is_fit)?;
    let (place, command) = match variable {
        Some(variable) => {
            let clean = format!("\"$(printf %s \"${variable}\" | LC_ALL=C tr -cd '[:alnum:]-')\"");
            (*variable, format!("export {variable}={clean}"))
        }
        None => {
            let profile = of_profile(&subject.facts.selected.name);
            ("The region of the profile", format!("aws configure set region REGION{profile}"))
        }
    };
    Some(Diagnosis::problem(
        "region-malformed",
        format!("{place} has something in it that no Region has: {}", quoted(name)),
        "A Region is letters, digits and hyphens, as in eu-west-1. Tools make the name of every endpoint of it, and \
         stop.",
        command,
    ))
}

fn malformed_endpoint(environment: &Environment) -> Option<Diagnosis> {
    let endpoint = environment.endpoint.as_ref().filter(|endpoint| !endpoint.is_url)?;
    Some(Diagnosis::problem(
        "endpoint-malformed",
        format!("{} is no URL: {}", endpoint.variable, quoted(&endpoint.host)),
        "It begins with http:// or https://. The AWS CLI and boto3 stop with \"Invalid endpoint\", and the SDKs reach \
         nobody.",
        format!("unset {}", endpoint.variable),
    ))
}

/// The AWS CLI and boto3 open the file before each call; the SDK for Rust does not know the variable.
fn ca_bundle(environment: &Environment) -> Option<Diagnosis> {
    let file = environment.missing_ca_bundle.as_ref()?;
    Some(Diagnosis::problem(
        "ca-bundle-missing",
        format!("AWS_CA_BUNDLE names {file}, which cannot be read"),
        "The AWS CLI and boto3 make no connection without it; the SDK for Rust does not read the variable.",
        "unset AWS_CA_BUNDLE",
    ))
}

fn region(subject: &DiagnosisSubject<'_>) -> Option<Diagnosis> {
    let environment = &subject.facts.environment;
    let decides = subject.deciding?;
    if environment.has_region_for_boto3 {
        return None;
    }
    if let Some(RegionFacts { variable: Some(variable), .. }) = &environment.region {
        return Some(
            Diagnosis::new(
                "region-variable",
                Level::Note,
                format!("boto3 and the AWS CLI 1 do not read {variable}"),
                "They read AWS_DEFAULT_REGION and the region of the profile. The AWS CLI 2 and the other SDKs read \
                 AWS_REGION.",
            )
            .fixed_by(format!("export AWS_DEFAULT_REGION=\"${variable}\"")),
        );
    }
    let misspelt = misspelt_region(subject).filter(|_| decides == Provider::Profile);
    let command = match decides {
        // Every shell that selects the profile has the Region then.
        Provider::Profile => {
            format!("aws configure set region REGION{}", of_profile(&subject.facts.selected.name))
        }
        Provider::Environment | Provider::WebIdentity | Provider::Container | Provider::InstanceMetadata => {
            "export AWS_REGION=REGION AWS_DEFAULT_REGION=REGION".to_owned()
        }
    };
    let asks_sts = decides == Provider::WebIdentity
        || matches!(&subject.facts.profile, ProfileFacts::Leads(chain) if !chain.roles.is_empty())
            && decides == Provider::Profile;
    let (level, stop) = if asks_sts {
        (Level::Warning, "before they get the session of the role")
    } else {
        (Level::Note, "at calls to most AWS services")
    };
    let asked = match &subject.facts.asked {
        Some(_) => " This check asked STS in us-east-1.",
        None => "",
    };
    let why = format!("Without a Region, the AWS CLI and boto3 stop with \"You must specify a region\" {stop}.{asked}");
    let (why, command) = match misspelt {
        Some((remark, respell)) => (format!("{remark} {why}"), respell),
        None => (format!("{why} REGION is where your resources are, such as eu-west-1."), command),
    };
    Some(Diagnosis::new("no-region", level, "No Region is set", why).fixed_by(command))
}

/// The selected profile has the key `region` in another spelling: what to say of it, and the command that corrects it.
/// A second `region` beside the corrected one would make tools refuse the file.
fn misspelt_region(subject: &DiagnosisSubject<'_>) -> Option<(String, String)> {
    let settings = match &subject.facts.profile {
        ProfileFacts::Leads(chain) => &chain.ineffective,
        ProfileFacts::Empty(ineffective) => ineffective,
        ProfileFacts::Absent | ProfileFacts::Missing { .. } | ProfileFacts::Broken(_) => return None,
    };
    settings.iter().filter(|noted| noted.profile == subject.facts.selected.name).find_map(|noted| match &noted.kind {
        IneffectiveKind::Misspelt { written, meant: meant @ "region" } => {
            let remark = format!("{}: {}.", noted.at, noted.kind.describe().0);
            Some((remark, rename_key(noted.at.line, written, meant, &noted.at.file)))
        }
        _ => None,
    })
}

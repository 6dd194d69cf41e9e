//! Logins and tokens: IAM Identity Center, `aws login`, web identity, the container's endpoint. What a cache says of a
//! login is no proof that the server still takes it (aws-cli#7340), so only AWS's answer makes one certain.

use jiff::Timestamp;

use super::commands::{RESTART_POD, of_profile, operand, quoted, renew_profile, unset_container, unset_web_identity};
use super::{Diagnosis, DiagnosisSubject, ends_soon};
use crate::doctor::facts::{
    BaseFacts, Cached, ChainFacts, Jwt, LoginFacts, ProfileFacts, Provider, Sso, SsoLoginFacts, WebIdentity,
};
use crate::inventory::RoleArn;
use crate::shared_config::describe_span;
use crate::visible::printable;

pub(super) fn find(subject: &DiagnosisSubject<'_>, out: &mut Vec<Diagnosis>) {
    let environment = &subject.facts.environment;
    if let ProfileFacts::Leads(chain) = &subject.facts.profile
        && subject.decides(Provider::Profile)
    {
        match &chain.base {
            BaseFacts::Sso(sso) => {
                out.extend(legacy(chain, sso));
                out.push(sso_login(subject, chain, sso));
            }
            BaseFacts::Login(login) => out.push(console_login(subject, chain, login)),
            BaseFacts::WebIdentity(identity) => {
                let command = format!("aws configure set web_identity_token_file PATH{}", of_profile(&chain.profile));
                out.extend(web_identity(subject, identity, &command));
            }
            _ => {}
        }
    }
    let decides = |identity: &&WebIdentity| identity.role.is_some() && subject.decides(Provider::WebIdentity);
    if let Some(identity) = environment.web_identity.as_ref().filter(decides) {
        if let Some(wrong) = identity.role.as_ref().and_then(|role| RoleArn::parse(role).err()) {
            out.push(Diagnosis::problem(
                "role-arn-malformed",
                "AWS_ROLE_ARN is not the ARN of a role",
                format!("{}; {}. STS refuses it.", printable(&wrong.message), printable(&wrong.help)),
                "export AWS_ROLE_ARN=arn:aws:iam::ACCOUNT:role/NAME",
            ));
        }
        // In a pod, nothing else has the credentials of the pod's role.
        let command = match identity.file.contains("eks.amazonaws.com/") {
            true => RESTART_POD.to_owned(),
            false => unset_web_identity(subject),
        };
        out.extend(web_identity(subject, identity, &command));
    } else if let Some(identity) = environment.web_identity.as_ref().filter(|identity| identity.role.is_none()) {
        out.push(Diagnosis::problem(
            "web-identity-incomplete",
            "AWS_WEB_IDENTITY_TOKEN_FILE is set, AWS_ROLE_ARN is not",
            format!(
                "The token in {} is exchanged for a role, and none is named. The AWS CLI and boto3 stop; the SDK \
                 for Rust goes on to the next provider.",
                identity.file
            ),
            "export AWS_ROLE_ARN=arn:aws:iam::ACCOUNT:role/NAME",
        ));
    }
    if let Some(container) = environment.container.as_ref().filter(|_| subject.decides(Provider::Container))
        && !container.is_allowed
    {
        out.push(Diagnosis::problem(
            "container-uri-refused",
            format!("{} names {}, which tools do not ask for credentials", container.variable, quoted(&container.host)),
            "They ask by https, and by http this machine (localhost), ECS (169.254.170.2) and EKS (169.254.170.23) \
             alone; the SDK for Rust also a name that leads there.",
            unset_container(subject),
        ));
    }
    if let Some(container) = environment.container.as_ref().filter(|_| subject.decides(Provider::Container))
        && let Some((file, token)) = &container.token_file
    {
        out.extend(container_token(subject, file, token));
    }
}

/// The token that EKS Pod Identity mounts: a web token, whose `exp` can be read.
fn container_token(subject: &DiagnosisSubject<'_>, file: &str, token: &Cached<Option<Jwt>>) -> Option<Diagnosis> {
    let command = RESTART_POD;
    match token {
        Cached::Missing | Cached::NoFile | Cached::Unreadable => Some(Diagnosis::problem(
            "container-token-missing",
            format!("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names {file}, which cannot be read"),
            "EKS Pod Identity mounts the token there; without it its endpoint gives no credentials.",
            command,
        )),
        Cached::Found(Some(Jwt { expires: Some(end) })) if *end <= subject.now => Some(Diagnosis::problem(
            "container-token-expired",
            format!("The token of the container's endpoint expired at {end:.0}, {} ago", ago(*end, subject.now)),
            format!(
                "{file}: its `exp`. EKS Pod Identity answers ExpiredTokenException, and no tool gets credentials. The \
                 kubelet writes new tokens: this file is a copy, or its pod is gone."
            ),
            command,
        )),
        Cached::Found(_) => None,
    }
}

fn ago(end: Timestamp, now: Timestamp) -> String {
    describe_span(seconds_until(end, now))
}

/// `sso_start_url` in the profile: its login has no refresh token (aws-cli#7656).
fn legacy(chain: &ChainFacts, sso: &Sso) -> Option<Diagnosis> {
    sso.session.is_none().then(|| {
        Diagnosis::warning(
            "sso-legacy",
            format!(
                "Profile `{}` logs in by the older form of SSO settings, which cannot renew the login",
                chain.profile
            ),
            "sso_start_url stands in the profile itself. With an sso-session, tools renew the login each hour, until \
             the portal session ends.",
            format!("aws configure sso{}", of_profile(&chain.profile)),
        )
    })
}

fn sso_login(subject: &DiagnosisSubject<'_>, chain: &ChainFacts, sso: &Sso) -> Diagnosis {
    let command = renew_profile(chain);
    let whose = match &sso.session {
        Some(session) => format!("The SSO login `{session}`"),
        None => format!("The SSO login of profile `{}`", chain.profile),
    };
    let login = match sso.login {
        Cached::Found(login) => login,
        Cached::Missing => {
            let why = "~/.aws/sso/cache has no login of it. The tools read the cache of the user that they run as: \
                under sudo, in a container or as a service it is another one.";
            return Diagnosis::problem("sso-login-missing", format!("{whose} is not there"), why, command);
        }
        Cached::Unreadable | Cached::NoFile => {
            let why = "The file in ~/.aws/sso/cache is not what the tools write.";
            return Diagnosis::problem("sso-login-unreadable", format!("{whose} cannot be read"), why, command);
        }
    };
    let SsoLoginFacts { expires, refreshable, registration_expires } = login;
    let registered = registration_expires.is_some_and(|end| end > subject.now);
    let renewable = refreshable && registered && sso.session.is_some();
    let left = seconds_until(expires, subject.now);
    if left <= 0 && !renewable {
        let (id, reason) = match registration_expires.filter(|end| *end <= subject.now) {
            Some(end) if refreshable => (
                "sso-registration-expired",
                format!("and the client registration that could have renewed it ended at {end:.0}"),
            ),
            _ => ("sso-login-expired", "and it has nothing to renew it with".to_owned()),
        };
        let what = format!("{whose} ended at {expires:.0}");
        return Diagnosis::problem(
            id,
            what,
            format!("The cache says so, {reason}. A person has to log in again."),
            command,
        );
    }
    if left <= 0 {
        if subject.is_known_to_aws() {
            return Diagnosis::ok("sso-login", format!("{whose} has been renewed"));
        }
        let why = "Tools renew it by its refresh token, as long as the portal session lasts: 8 hours, unless your \
            organization says otherwise. Only a call shows.";
        return Diagnosis::warning("sso-login-stale", format!("{whose} ended at {expires:.0}"), why, command);
    }
    if ends_soon(left) && !renewable {
        let why =
            "Nothing can renew it. Then no new session of the role is to be had, and a person has to log in again.";
        return Diagnosis::problem("sso-login-ends-soon", format!("{whose} ends at {expires:.0}"), why, command);
    }
    let proof = if subject.is_known_to_aws() { "" } else { ", by the cache, which is no proof" };
    Diagnosis::ok("sso-login", format!("{whose} lasts until {expires:.0}{proof}"))
}

/// The credentials of `aws login` last 15 minutes and are renewed, as long as the console session lasts.
fn console_login(subject: &DiagnosisSubject<'_>, chain: &ChainFacts, login: &LoginFacts) -> Diagnosis {
    let command = renew_profile(chain);
    let whose = format!("The login of profile `{}`", chain.profile);
    match login.login {
        Cached::Missing => Diagnosis::problem(
            "login-missing",
            format!("{whose} is not there"),
            "~/.aws/login/cache has no login for its login_session.",
            command,
        ),
        Cached::Unreadable | Cached::NoFile => Diagnosis::problem(
            "login-unreadable",
            format!("{whose} cannot be read"),
            "The file in ~/.aws/login/cache is not what the AWS CLI writes.",
            command,
        ),
        Cached::Found(session) if session.expires <= subject.now && !session.refreshable => Diagnosis::problem(
            "login-expired",
            format!("{whose} ended at {:.0}", session.expires),
            "Its cache has no refresh token. A person has to log in again.",
            command,
        ),
        Cached::Found(_) => {
            let proof = if subject.is_known_to_aws() { "" } else { "; whether it can be renewed, only a call shows" };
            Diagnosis::ok("login", format!("{whose} is there{proof}"))
        }
    }
}

fn web_identity(subject: &DiagnosisSubject<'_>, identity: &WebIdentity, command: &str) -> Option<Diagnosis> {
    let WebIdentity { file, token, holds_credential, .. } = identity;
    Some(match token {
        Cached::Missing if *holds_credential => Diagnosis::problem(
            "web-identity-token-not-a-file",
            "The setting for the web identity token's file holds a key or a token itself",
            format!(
                "It has {file}, which are not shown. The setting is the name of a file that holds the token; tools \
                 stop because there is no such file. Replace the credential if others could read the setting."
            ),
            command,
        ),
        Cached::Missing => Diagnosis::problem(
            "web-identity-token-missing",
            format!("The web identity token is not there: {file}"),
            "The platform that should write it does not run here, or has taken it away: a CI job that is over, a pod \
             without its service account.",
            command,
        ),
        Cached::Unreadable | Cached::NoFile => Diagnosis::problem(
            "web-identity-token-unreadable",
            format!("The web identity token is not one: {file}"),
            "It is not a JSON Web Token, or may not be read by this user. STS answers InvalidIdentityToken.",
            format!("ls -l {}", operand(file)),
        ),
        Cached::Found(Jwt { expires: Some(end) }) if *end <= subject.now => Diagnosis::problem(
            "web-identity-token-expired",
            format!("The web identity token ended at {end:.0}"),
            format!(
                "{file}: its `exp`. STS gives no session for it. A token of a CI job is issued once, for minutes; a \
                 kubelet writes new ones."
            ),
            command,
        ),
        Cached::Found(Jwt { expires: Some(end) }) => {
            Diagnosis::ok("web-identity-token", format!("The web identity token lasts until {end:.0}"))
        }
        Cached::Found(Jwt { expires: None }) => return None,
    })
}

fn seconds_until(end: Timestamp, now: Timestamp) -> i64 {
    end.as_second() - now.as_second()
}

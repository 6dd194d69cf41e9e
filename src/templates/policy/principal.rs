//! The caller of a role, and whether a statement of the role's trust policy names that caller. Pure. Reads the
//! principal of a statement alone. (IAM User Guide, "AWS JSON policy elements: Principal".)

use std::fmt;

use super::{Applies, any_fits, items};
use crate::inventory::{PrincipalKind, RoleArn, is_account};
use crate::templates::{Partly, Resolved};
use crate::visible::first_of;

/// The caller that assumes the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TrustCaller<'a> {
    /// A session of this role: the hop before.
    Role(&'a RoleArn),
    /// The source of the path, at `path[0]`.
    Source(&'static str, PrincipalKind),
}

impl fmt::Display for TrustCaller<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(f, "{role}"),
            Self::Source(kind, _) => write!(f, "the source ({kind})"),
        }
    }
}

/// Whether the statement's principal is the caller.
pub(super) fn principal_fits(statement: &Resolved, caller: TrustCaller<'_>) -> Applies {
    let principal = match statement.get("Principal") {
        None if statement.get("NotPrincipal").is_some() => {
            return Applies::Maybe("NotPrincipal is not judged".to_owned());
        }
        None | Some(Resolved::Nothing) => return Applies::No("a statement names no principal".to_owned()),
        Some(Resolved::Text(text)) if text == "*" => return Applies::Yes,
        Some(Resolved::Text(text)) => return Applies::Maybe(format!("`{text}` is not a principal that IAM accepts")),
        Some(Resolved::Partly(partly)) => return Applies::Maybe(partly.why.to_string()),
        Some(principal) => principal,
    };
    let named = named(principal);
    let none = Resolved::Nothing;
    let of = |kind: &str| principal.get(kind).unwrap_or(&none);
    match caller {
        TrustCaller::Role(role) => {
            any_fits(of("AWS"), |text| is_role(text, role), |partly| may_be_role(partly, role), named)
        }
        TrustCaller::Source(_, PrincipalKind::WebIdentity) => {
            any_fits(of("Federated"), |text| is_provider(text).then(|| !is_saml(text)), |_| true, named)
        }
        TrustCaller::Source(_, PrincipalKind::Saml) => {
            any_fits(of("Federated"), |text| is_provider(text).then(|| is_saml(text)), |_| true, named)
        }
        TrustCaller::Source(_, PrincipalKind::User) => any_fits(of("AWS"), may_be_user, |_| true, named),
        TrustCaller::Source(_, PrincipalKind::Session(service)) => {
            match any_fits(of("AWS"), may_be_session, |_| true, named.clone()) {
                // A platform's own role trusts the platform's service, and is not assumed a second time.
                Applies::No(_) => any_fits(of("Service"), |text| is_service(text, service), |_| true, named),
                fit => fit,
            }
        }
    }
}

/// The principals of a statement, for a sentence.
fn named(principal: &Resolved) -> String {
    const SHOWN: usize = 4;
    let Resolved::Map(entries) = principal else { return "a statement's principal is not a map".to_owned() };
    let names: Vec<String> = entries
        .iter()
        .flat_map(|(kind, values)| items(values).iter().map(move |value| (kind, value)))
        .map(|(kind, value)| match value {
            Resolved::Text(text) => format!("{kind} {text}"),
            Resolved::Partly(partly) => format!("{kind} {}…{}", partly.prefix, partly.suffix),
            _ => format!("{kind} …"),
        })
        .collect();
    format!("it trusts {}", first_of(&names, SHOWN))
}

/// Whether a text is an AWS principal that IAM accepts: everybody, an account, an ARN of IAM or STS, or the unique ID
/// of a deleted user or role. Other texts are filled in by a tool before the deployment.
fn is_aws_principal(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_arn = matches!(parts[..], ["arn", partition, "iam" | "sts", "", account, resource]
        if partition.starts_with("aws") && is_account(account) && is_resource(resource));
    let is_unique_id = text.len() >= 16
        && (text.starts_with("AROA") || text.starts_with("AIDA"))
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    text == "*" || is_account(text) || is_arn || is_unique_id
}

/// IAM accepts no wildcard in a principal, and names have these characters alone.
fn is_resource(resource: &str) -> bool {
    let kinds = ["user/", "role/", "assumed-role/", "federated-user/"];
    let named = kinds.iter().any(|kind| resource.len() > kind.len() && resource.starts_with(kind));
    let plain = resource.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-/:".contains(c));
    plain && (resource == "root" || named)
}

/// Whether an AWS principal is the role, its account, or everybody; `None`: it may be.
fn is_role(text: &str, role: &RoleArn) -> Option<bool> {
    let root = format!("arn:{}:iam::{}:root", role.partition(), role.account());
    if text == "*" || text == role.as_str() || text == role.account() || text == root {
        return Some(true);
    }
    // A single session of the role, and the unique ID that IAM shows for a deleted role.
    let session = format!("arn:{}:sts::{}:assumed-role/{}/", role.partition(), role.account(), role.name());
    let open = text.starts_with(&session) || text.starts_with("AROA") || !is_aws_principal(text);
    (!open).then_some(false)
}

fn may_be_role(partly: &Partly, role: &RoleArn) -> bool {
    let root = format!("arn:{}:iam::{}:root", role.partition(), role.account());
    let session = format!("arn:{}:sts::{}:assumed-role/{}/", role.partition(), role.account(), role.name());
    let candidates = ["*", role.account(), &root, role.as_str()];
    candidates.iter().any(|text| partly.may_be(text))
        || session.starts_with(&partly.prefix)
        || partly.prefix.starts_with(&session)
        || partly.prefix.starts_with("AROA")
}

/// Everybody and whole accounts: any caller of the account is one of them.
fn is_broad(text: &str) -> bool {
    text == "*" || is_account(text) || text.ends_with(":root")
}

fn may_be_user(text: &str) -> Option<bool> {
    let is_user = text.contains(":user/") || text.starts_with("AIDA");
    is_aws_principal(text).then(|| is_broad(text) || is_user)
}

fn may_be_session(text: &str) -> Option<bool> {
    let is_session = text.contains(":role/") || text.contains(":assumed-role/") || text.starts_with("AROA");
    is_aws_principal(text).then(|| is_broad(text) || is_session)
}

/// Whether a text names an identity provider: its ARN, or the host of one that IAM knows without an ARN.
fn is_provider(text: &str) -> bool {
    let is_host = text.contains('.') && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._/:".contains(c));
    is_host || is_saml(text) || text.contains(":oidc-provider/")
}

fn is_saml(text: &str) -> bool {
    text.contains(":saml-provider/")
}

/// Whether a service principal is the platform's own; `None`: the text is no service principal.
fn is_service(text: &str, service: Option<&str>) -> Option<bool> {
    let is_own = text == "*" || service.is_some_and(|service| text.starts_with(service));
    let is_principal = text.contains(".amazon") && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    (is_own || is_principal).then_some(is_own)
}

//! Trust policies: owns how one is read, and whether it allows a caller to assume the role. Pure.
//!
//! Nothing is concluded from a Deny, NotPrincipal, NotAction, or conditions other than those on the external ID, the
//! session name, the source identity and the caller's ARN or account; the answer says so (IAM User Guide, "Policy
//! evaluation logic" and "AWS JSON policy elements").

mod principal;

pub use principal::TrustCaller;

use wildmatch::WildMatch;

use super::unresolved::Unresolved;
use super::{Partly, Resolved};
use crate::aws::errors::printable;
use crate::inventory::PrincipalKind;
use crate::inventory::Role;
use principal::principal_fits;

/// A role's trust policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    statements: Vec<Resolved>,
}

/// Whether a trust policy allows a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustAnswer {
    /// It allows the caller.
    Allows,
    /// No statement allows the caller: why each one does not.
    Refuses(Vec<String>),
    /// It is not known: why.
    NotConcluded(String),
}

/// Yes, no, or not known, with the reason.
enum Applies {
    Yes,
    No(String),
    Maybe(String),
}

impl Trust {
    /// Reads a policy document.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn read(document: &Resolved) -> Result<Self, Unresolved> {
        let parsed;
        let document = match document {
            Resolved::Text(text) => {
                parsed = serde_json::from_str::<serde_json::Value>(text)
                    .map(|value| Resolved::from(&value))
                    .map_err(|error| Unresolved::PolicyNotJson(error.to_string()))?;
                &parsed
            }
            other => other,
        };
        match document {
            Resolved::Map(_) => match document.get("Statement") {
                Some(Resolved::List(statements)) => Ok(Self { statements: statements.clone() }),
                Some(one @ Resolved::Map(_)) => Ok(Self { statements: vec![one.clone()] }),
                Some(Resolved::Partly(partly)) => Err(partly.why.clone()),
                _ => Err(Unresolved::PolicyWithoutStatement),
            },
            Resolved::Partly(partly) => Err(partly.why.clone()),
            _ => Err(Unresolved::PolicyNotAMap),
        }
    }

    /// Whether the policy allows the caller to assume `role`; the inventory declares what the caller sends.
    #[must_use]
    pub fn answer(&self, caller: TrustCaller<'_>, role: &Role) -> TrustAnswer {
        let mut reasons = Vec::new();
        let (mut allowed, mut open, mut denied) = (false, None, None);
        for statement in self.statements.iter().filter(|statement| **statement != Resolved::Nothing) {
            let fit = statement_fits(statement, caller, role);
            match (statement.get("Effect"), fit) {
                (Some(Resolved::Text(effect)), Applies::No(why)) => {
                    if effect == "Allow" && !reasons.contains(&why) {
                        reasons.push(why);
                    }
                }
                (_, Applies::No(_)) => {}
                (Some(Resolved::Text(effect)), _) if effect == "Deny" => {
                    denied = Some("a Deny statement may apply".to_owned());
                }
                (Some(Resolved::Text(effect)), Applies::Yes) if effect == "Allow" => allowed = true,
                (Some(Resolved::Text(effect)), Applies::Maybe(why)) if effect == "Allow" => open = open.or(Some(why)),
                (Some(other), _) => {
                    open = open.or(Some(describe(other, "an Effect is neither Allow nor Deny")));
                }
                (None, _) => open = open.or(Some("a statement could not be read".to_owned())),
            }
        }
        match (allowed, open, denied) {
            (true, _, None) => TrustAnswer::Allows,
            (true, _, Some(why)) | (false, Some(why), _) => TrustAnswer::NotConcluded(printable(&why)),
            (false, None, _) => TrustAnswer::Refuses(reasons.iter().map(|why| printable(why)).collect()),
        }
    }
}

/// All three parts of a statement together: a single no decides.
fn statement_fits(statement: &Resolved, caller: TrustCaller<'_>, role: &Role) -> Applies {
    if let Resolved::Partly(partly) = statement {
        return Applies::Maybe(partly.why.to_string());
    }
    let fits =
        [principal_fits(statement, caller), action_fits(statement, caller), conditions_fit(statement, caller, role)];
    let mut open = None;
    for fit in fits {
        match fit {
            Applies::No(why) => return Applies::No(why),
            Applies::Maybe(why) => open = open.or(Some(why)),
            Applies::Yes => {}
        }
    }
    open.map_or(Applies::Yes, Applies::Maybe)
}

/// Why a value is not known; `otherwise` where it is known, and not what is needed.
fn describe(value: &Resolved, otherwise: &str) -> String {
    value.why_unknown().map_or_else(|| otherwise.to_owned(), ToString::to_string)
}

/// The items of a value that may be a list or a single one.
fn items(value: &Resolved) -> &[Resolved] {
    match value {
        Resolved::List(items) => items,
        Resolved::Nothing => &[],
        one => std::slice::from_ref(one),
    }
}

/// Whether one of the values fits; `why_not` is the reason where none does.
fn any_fits(
    values: &Resolved,
    test: impl Fn(&str) -> Option<bool>,
    open: impl Fn(&Partly) -> bool,
    why_not: String,
) -> Applies {
    let mut maybe = None;
    for item in items(values) {
        match item {
            // IAM refuses an empty text, so the deployed policy has another value.
            Resolved::Text(text) if text.is_empty() => maybe = Some("a value is an empty text".to_owned()),
            Resolved::Text(text) => match test(text) {
                Some(true) => return Applies::Yes,
                Some(false) => {}
                None => maybe = Some(format!("`{text}` is not judged")),
            },
            Resolved::Partly(partly) if open(partly) => maybe = Some(partly.why.to_string()),
            Resolved::Partly(_) | Resolved::Nothing => {}
            Resolved::List(_) | Resolved::Map(_) => {
                maybe = Some("a value is a list or a map instead of a text".to_owned());
            }
        }
    }
    maybe.map_or(Applies::No(why_not), Applies::Maybe)
}

fn action_fits(statement: &Resolved, caller: TrustCaller<'_>) -> Applies {
    let action = match caller {
        TrustCaller::Source(_, PrincipalKind::WebIdentity) => "sts:AssumeRoleWithWebIdentity",
        TrustCaller::Source(_, PrincipalKind::Saml) => "sts:AssumeRoleWithSAML",
        _ => "sts:AssumeRole",
    };
    match statement.get("Action") {
        None if statement.get("NotAction").is_some() => Applies::Maybe("NotAction is not judged".to_owned()),
        None => Applies::No(format!("a statement does not name {action}")),
        Some(actions) => any_fits(
            actions,
            |text| Some(WildMatch::new(&text.to_lowercase()).matches(&action.to_lowercase())),
            |_| true,
            format!("a statement for its principal does not allow {action}"),
        ),
    }
}

fn conditions_fit(statement: &Resolved, caller: TrustCaller<'_>, role: &Role) -> Applies {
    let conditions = match statement.get("Condition") {
        None | Some(Resolved::Nothing) => return Applies::Yes,
        Some(Resolved::Map(conditions)) => conditions,
        Some(Resolved::Partly(partly)) => return Applies::Maybe(partly.why.to_string()),
        Some(_) => return Applies::Maybe("a Condition is not a map".to_owned()),
    };
    let mut open = None;
    for (operator, keys) in conditions {
        let keys = match keys {
            Resolved::Map(keys) => keys,
            Resolved::Nothing => continue,
            other => {
                open = open.or(Some(describe(other, "a Condition is not a map")));
                continue;
            }
        };
        for (key, values) in keys.iter().filter(|(_, values)| *values != Resolved::Nothing) {
            match condition_fits(operator, key, values, caller, role) {
                Applies::No(why) => return Applies::No(why),
                Applies::Maybe(why) => open = open.or(Some(why)),
                Applies::Yes => {}
            }
        }
    }
    open.map_or(Applies::Yes, Applies::Maybe)
}

/// One condition; keys and operators are compared without regard to case, as IAM does.
fn condition_fits(operator: &str, key: &str, values: &Resolved, caller: TrustCaller<'_>, role: &Role) -> Applies {
    let not_judged = || Applies::Maybe(format!("its condition on {key} ({operator}) is not judged"));
    let like = match operator.to_ascii_lowercase().as_str() {
        "stringequals" => false,
        "stringlike" | "arnequals" | "arnlike" => true,
        _ => return not_judged(),
    };
    let by_role = match caller {
        TrustCaller::Role(caller) => Some(caller),
        TrustCaller::Source(..) => None,
    };
    let sent = match key.to_ascii_lowercase().as_str() {
        // A call with a token sends no external ID; other calls send the declared one.
        "sts:externalid" => match &role.external_id {
            Some(id) if !matches!(caller, TrustCaller::Source(_, PrincipalKind::WebIdentity | PrincipalKind::Saml)) => {
                id.as_str()
            }
            _ => return Applies::No("it asks for an external ID (sts:ExternalId), and none is declared".to_owned()),
        },
        "sts:rolesessionname" => match &role.session_name {
            Some(name) => name,
            None => return not_judged(),
        },
        "sts:sourceidentity" => match &role.source_identity {
            Some(identity) => identity,
            None => return not_judged(),
        },
        "aws:principalarn" => match by_role {
            Some(caller) => caller.as_str(),
            None => return not_judged(),
        },
        "aws:principalaccount" => match by_role {
            Some(caller) => caller.account(),
            None => return not_judged(),
        },
        _ => return not_judged(),
    };
    let matches = |text: &str| if like { WildMatch::new(text).matches(sent) } else { text == sent };
    // A policy variable such as ${aws:username} is filled in by IAM.
    let test = |text: &str| if text.contains("${") { None } else { Some(matches(text)) };
    let unknown = |partly: &Partly| like || partly.may_be(sent);
    any_fits(values, test, unknown, format!("its condition on {key} does not match `{sent}`"))
}

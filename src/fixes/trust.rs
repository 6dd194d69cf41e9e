//! Least-privilege statements for trust policies: one principal with the conditions that identify it.

use serde_json::{Map, Value, json};

use crate::inventory::{PrincipalKind, RoleRef};

/// The checker's own session names (docs/deploy.md), where the inventory declares none for the role.
pub(crate) const CHECKER_SESSION_NAMES: &str = "credential-health-*";

/// The principal of a trust policy.
pub(crate) enum TrustedPrincipal<'a> {
    /// A role, or another principal with an ARN.
    Role {
        /// The ARN of the principal.
        arn: &'a str,
        /// The session names that the statement allows; empty: any name.
        session_names: &'a [String],
    },
    /// The source of a job.
    Source(PrincipalKind),
    /// GitHub's identity provider in the account of this role.
    GitHub(&'a RoleRef),
}

/// The commands that add a statement to the trust policy of a role. `role_name`: its option with the name.
pub(crate) fn add_statement(role_name: &str) -> String {
    format!(
        "aws iam get-role {role_name} --query Role.AssumeRolePolicyDocument --output json > trust.json\n\
         # add the statement to trust.json: this command replaces the whole policy\n\
         aws iam update-assume-role-policy {role_name} --policy-document file://trust.json"
    )
}

/// The statement for the principal. It names the account as the principal and the role by `aws:PrincipalArn`, so it
/// stays valid when the role is created again, and allows no other principal of the account.
pub(crate) fn trust_statement(principal: &TrustedPrincipal<'_>, external_id: Option<&str>) -> String {
    let (principal, action, conditions) = match principal {
        TrustedPrincipal::Role { arn, session_names } => {
            (account_of(arn), "sts:AssumeRole", conditions(arn, session_names, external_id))
        }
        TrustedPrincipal::Source(PrincipalKind::WebIdentity) => (
            json!({"Federated": "OIDC_PROVIDER_ARN"}),
            "sts:AssumeRoleWithWebIdentity",
            json!({"StringEquals": {"OIDC_PROVIDER:aud": "AUDIENCE", "OIDC_PROVIDER:sub": "SUBJECT"}}),
        ),
        TrustedPrincipal::GitHub(role) => (
            json!({"Federated": github_provider(role)}),
            "sts:AssumeRoleWithWebIdentity",
            json!({"StringEquals": {
                format!("{GITHUB}:aud"): "sts.amazonaws.com",
                format!("{GITHUB}:sub"): "repo:ORG/REPO:ref:refs/heads/BRANCH",
            }}),
        ),
        TrustedPrincipal::Source(PrincipalKind::Saml) => (
            json!({"Federated": "SAML_PROVIDER_ARN"}),
            "sts:AssumeRoleWithSAML",
            json!({"StringEquals": {"SAML:aud": "SIGN_IN_URL"}}),
        ),
        TrustedPrincipal::Source(_) => {
            (json!({"AWS": "CALLER_ARN"}), "sts:AssumeRole", conditions("", &[], external_id))
        }
    };
    let mut statement = Map::new();
    statement.insert("Effect".to_owned(), json!("Allow"));
    statement.insert("Principal".to_owned(), principal);
    statement.insert("Action".to_owned(), json!(action));
    if conditions.as_object().is_some_and(|conditions| !conditions.is_empty()) {
        statement.insert("Condition".to_owned(), conditions);
    }
    serde_json::to_string_pretty(&Value::Object(statement)).unwrap_or_default()
}

/// GitHub's identity provider, as its ARN and its condition keys name it.
const GITHUB: &str = "token.actions.githubusercontent.com";

/// The provider in the account of the role.
fn github_provider(role: &RoleRef) -> String {
    let (partition, account) = (role.partition().unwrap_or("aws"), role.account().unwrap_or("ACCOUNT"));
    format!("arn:{partition}:iam::{account}:oidc-provider/{GITHUB}")
}

/// The account principal of an ARN, in its partition.
fn account_of(arn: &str) -> Value {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, _, _, account, _] => json!({"AWS": format!("arn:{partition}:iam::{account}:root")}),
        _ => json!({"AWS": arn}),
    }
}

fn conditions(arn: &str, session_names: &[String], external_id: Option<&str>) -> Value {
    let mut conditions = Map::new();
    if arn.starts_with("arn:") {
        conditions.insert("ArnEquals".to_owned(), json!({"aws:PrincipalArn": arn}));
    }
    let names = match session_names {
        [] => None,
        [name] => Some(json!(name)),
        several => Some(json!(several)),
    };
    if let Some(names) = names {
        conditions.insert("StringLike".to_owned(), json!({"sts:RoleSessionName": names}));
    }
    if let Some(id) = external_id {
        conditions.insert("StringEquals".to_owned(), json!({"sts:ExternalId": id}));
    }
    Value::Object(conditions)
}

//! The names, tags and policies of the things that a run makes, and the permissions that a run needs.

use std::fmt;

use serde_json::{Value, json};

use crate::catalogue::CONDITION_LIMIT;
use crate::model::{Role, SessionPolicy, Target};

/// The path of everything that a run makes, unless another is given.
pub const DEFAULT_PATH: &str = "/credential-health-prove/";
/// The key of the tag of everything that a run makes. Its value is the id of the run.
pub const TAG: &str = "credential-health-prove";
/// The name of the inline policies.
pub const POLICY_NAME: &str = "prove";
/// The longest path that IAM takes.
const LONGEST_PATH: usize = 512;

/// A path that a run cannot use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAPath;

impl fmt::Display for NotAPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "write a path such as /credential-health-prove/: a slash at both ends, a name between them, ASCII \
             letters, digits and _+=,.@-/ alone",
        )
    }
}

impl std::error::Error for NotAPath {}

/// Checks a path. The root path is refused: a run lists and removes only things of its own path.
///
/// # Errors
/// The text is no path of IAM, or the root path.
pub fn check_path(text: &str) -> Result<String, NotAPath> {
    let known = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c);
    let inner = text.strip_prefix('/').and_then(|text| text.strip_suffix('/')).unwrap_or_default();
    let fits = inner.chars().any(|c| c != '/') && text.chars().all(known) && text.len() <= LONGEST_PATH;
    if fits { Ok(text.to_owned()) } else { Err(NotAPath) }
}

/// The names of one run in one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// `aws`, `aws-us-gov` or `aws-cn`.
    pub partition: String,
    /// The account.
    pub account: String,
    /// The path, with a slash at both ends.
    pub path: String,
    /// The id of the run.
    pub run: String,
}

impl Names {
    /// The name of a role.
    #[must_use]
    pub fn role(&self, role: Role) -> String {
        format!("prove-{}-{}", self.run, role.name())
    }

    /// The name of the user.
    #[must_use]
    pub fn user(&self) -> String {
        format!("prove-{}-user", self.run)
    }

    /// The ARN of a role of this name in the path.
    #[must_use]
    pub fn role_arn(&self, role: Role) -> String {
        self.arn_of_role(&self.role(role))
    }

    /// The ARN of every role of the run.
    fn roles_of_run(&self) -> String {
        self.arn_of_role(&format!("prove-{}-*", self.run))
    }

    fn arn_of_role(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:role{}{name}", self.partition, self.account, self.path)
    }

    /// The RoleArn of a call.
    #[must_use]
    pub fn target_arn(&self, target: Target) -> String {
        match target {
            Target::Of(role) => self.role_arn(role),
            Target::Missing => self.arn_of_role(&self.missing_role()),
            Target::Text(text) => text.to_owned(),
        }
    }

    /// The RoleName of a call.
    #[must_use]
    pub fn target_name(&self, target: Target) -> String {
        match target {
            Target::Of(role) => self.role(role),
            Target::Missing => self.missing_role(),
            Target::Text(text) => text.to_owned(),
        }
    }

    fn missing_role(&self) -> String {
        format!("prove-{}-missing", self.run)
    }

    /// The external ID of the trust policies.
    #[must_use]
    pub fn external_id(&self) -> String {
        format!("prove-{}", self.run)
    }

    /// The trust policy of a role: the account, with the external ID of the run.
    #[must_use]
    pub fn trust(&self, role: Role) -> String {
        let mut condition = json!({ "StringEquals": { "sts:ExternalId": self.external_id() } });
        if role == Role::Limited {
            let limit = CONDITION_LIMIT.0.to_string();
            condition["NumericLessThanEquals"] = json!({ "sts:DurationSeconds": limit });
        }
        let root = format!("arn:{}:iam::{}:root", self.partition, self.account);
        document(&[json!({
            "Effect": "Allow",
            "Principal": { "AWS": root },
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
            "Condition": condition,
        })])
    }

    /// The permissions of the role `hub`: the roles of this run, and no other of the path.
    #[must_use]
    pub fn role_policy(&self) -> String {
        document(&[self.assume_statement()])
    }

    /// The permissions of the user. It may read roles, so that a refusal of IAM is one of its session alone.
    #[must_use]
    pub fn user_policy(&self) -> String {
        document(&[
            self.assume_statement(),
            json!({ "Effect": "Allow", "Action": "sts:GetFederationToken", "Resource": "*" }),
            json!({ "Effect": "Allow", "Action": "iam:GetRole", "Resource": self.roles_of_run() }),
        ])
    }

    /// The policy of a session of GetFederationToken: without one, it has no permission.
    #[must_use]
    pub fn federation_policy(&self) -> String {
        let read = json!({ "Effect": "Allow", "Action": "iam:GetRole", "Resource": self.roles_of_run() });
        document(&[self.assume_statement(), read])
    }

    fn assume_statement(&self) -> Value {
        json!({
            "Effect": "Allow",
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
            "Resource": self.roles_of_run(),
        })
    }
}

/// The text of a session policy. Spaces fill it up: they count as characters.
#[must_use]
pub fn session_policy(policy: SessionPolicy) -> Option<String> {
    let plain = document(&[json!({ "Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*" })]);
    match policy {
        SessionPolicy::None => None,
        SessionPolicy::Broken => Some("{\"Version\":".to_owned()),
        SessionPolicy::Of(length) => {
            let fill = " ".repeat(length.saturating_sub(plain.len()));
            Some(plain.replacen(',', &format!(",{fill}"), 1))
        }
    }
}

/// The least policy for the person who runs the command.
#[must_use]
pub fn operator_policy(account: &str, partition: &str, path: &str, expiry: bool) -> String {
    // IAM does not know the path of a thing that is missing, or that it does not see yet.
    let of = |kind: &str| {
        let arn = format!("arn:{partition}:iam::{account}:{kind}");
        json!([format!("{arn}{path}*"), format!("{arn}/prove-*")])
    };
    let roles = [
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:GetRole",
        "iam:ListRoleTags",
        "iam:PutRolePolicy",
        "iam:TagRole",
        "iam:UpdateRole",
    ];
    let users = [
        "iam:CreateAccessKey",
        "iam:CreateUser",
        "iam:DeleteAccessKey",
        "iam:DeleteUser",
        "iam:DeleteUserPolicy",
        "iam:ListAccessKeys",
        "iam:ListUserTags",
        "iam:PutUserPolicy",
        "iam:TagUser",
        "iam:UpdateAccessKey",
    ];
    let mut everywhere = vec!["iam:ListRoles", "iam:ListUsers"];
    if expiry {
        everywhere.push("cloudtrail:LookupEvents");
    }
    let statements = [
        json!({ "Effect": "Allow", "Action": roles, "Resource": of("role") }),
        json!({ "Effect": "Allow", "Action": users, "Resource": of("user") }),
        json!({ "Effect": "Allow", "Action": everywhere, "Resource": "*" }),
    ];
    serde_json::to_string_pretty(&json!({ "Version": "2012-10-17", "Statement": statements })).unwrap_or_default()
}

fn document(statements: &[Value]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

//! Role ARNs, and how a path names a role. Owns their shape in every partition, not what a role is used for.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// AWS's partitions, and how the names of their Regions begin (botocore 1.43, `partitions.json`).
const PARTITIONS: [(&str, &[&str]); 8] = [
    ("aws", &["us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"]),
    ("aws-cn", &["cn-"]),
    ("aws-us-gov", &["us-gov-"]),
    ("aws-eusc", &["eusc-"]),
    ("aws-iso", &["us-iso-"]),
    ("aws-iso-b", &["us-isob-"]),
    ("aws-iso-e", &["eu-isoe-"]),
    ("aws-iso-f", &["us-isof-"]),
];

/// Whether AWS has this partition.
pub(crate) fn is_partition(name: &str) -> bool {
    PARTITIONS.iter().any(|(known, _)| *known == name)
}

/// The partitions, for a sentence.
pub(crate) fn partitions() -> String {
    PARTITIONS.map(|(name, _)| name).join(", ")
}

/// The partition of a Region; `None`: no partition has Regions of that name.
#[cfg(feature = "cli")]
pub(crate) fn partition_of_region(region: &str) -> Option<&'static str> {
    let begins = |(name, begins): &(&'static str, &[&str])| {
        begins.iter().filter(|begin| region.starts_with(**begin)).map(|begin| (begin.len(), *name)).max()
    };
    PARTITIONS.iter().filter_map(begins).max().map(|(_, name)| name)
}

/// The ARN of an IAM role, checked: `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleArn(Arc<str>);

/// A text that is not a role's ARN: what is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotARole {
    /// What is wrong, as a sentence.
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl RoleArn {
    /// Reads an ARN.
    ///
    /// # Errors
    /// When it is not the ARN of a role; sessions, users and instance profiles get a hint of their own.
    pub fn parse(text: &str) -> Result<Self, NotARole> {
        let shape = "write arn:aws:iam::ACCOUNT:role/NAME, with the role's path before its name if it has one";
        let wrong = |message: String, help: String| NotARole { message, help };
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [scheme, partition, service, region, account, resource] = parts[..] else {
            return Err(wrong(format!("`{text}` is not an ARN"), shape.to_owned()));
        };
        if scheme == "arn" && partition.starts_with("aws") && !is_partition(partition) {
            let message = format!("`{text}` is in partition `{partition}`, which AWS does not have");
            return Err(wrong(message, format!("AWS's partitions are {}", partitions())));
        }
        if scheme != "arn" || !is_partition(partition) {
            return Err(wrong(format!("`{text}` is not an ARN of an AWS partition"), shape.to_owned()));
        }
        let in_account = is_account(account);
        if service == "sts" && resource.starts_with("assumed-role/") {
            let role = resource.split('/').nth(1).unwrap_or("NAME");
            return Err(wrong(
                format!("`{text}` is a session of a role, not the role"),
                format!(
                    "write the role: arn:{partition}:iam::{account}:role/{role}, with the role's path before its name \
                        if it has one"
                ),
            ));
        }
        if service == "iam" && resource.starts_with("user/") {
            return Err(wrong(
                format!("`{text}` is an IAM user"),
                "a path holds roles only: name the user as the source (`source: iam-user`)".to_owned(),
            ));
        }
        if service == "iam" && resource.starts_with("instance-profile/") {
            return Err(wrong(
                format!("`{text}` is an instance profile"),
                "name the role inside the profile, or `source: ec2-instance` where the job runs on it".to_owned(),
            ));
        }
        let name = resource.strip_prefix("role/");
        match name {
            Some(name)
                if service == "iam" && region.is_empty() && in_account && is_role_path(name) && text.len() <= 2048 =>
            {
                Ok(Self(text.into()))
            }
            _ if service == "iam" && !in_account => {
                Err(wrong(format!("`{text}` has no account of 12 digits"), shape.to_owned()))
            }
            _ => Err(wrong(format!("`{text}` is not the ARN of a role"), shape.to_owned())),
        }
    }

    fn part(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition: `aws`, `aws-cn`, `aws-us-gov`, …
    #[must_use]
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// The account's 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// The role's path, as IAM writes it: `/`, or `/PATH/`.
    #[must_use]
    pub fn path(&self) -> &str {
        let resource = self.part(5).strip_prefix("role").unwrap_or_default();
        resource.rfind('/').map_or("/", |end| &resource[..=end])
    }

    /// The role's name, without its path: what IAM's GetRole takes.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

/// A role as a path names it: by its ARN, or, in an imported file whose role is a secret or a variable, by the
/// expression in its place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoleRef {
    /// The role's ARN.
    Arn(RoleArn),
    /// An expression such as `${{ secrets.DEPLOY_ROLE }}`: the role's name, account and settings are not known.
    Expression(Arc<str>),
}

impl RoleRef {
    /// The role that an expression of an imported file stands for.
    #[must_use]
    pub fn from_expression(text: &str) -> Self {
        Self::Expression(text.into())
    }

    /// The ARN, or the expression.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.as_str(),
            Self::Expression(text) => text,
        }
    }

    /// The role's name without its path, or the expression.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.name(),
            Self::Expression(text) => text,
        }
    }

    /// The ARN for a command or a file, or a placeholder: a shell cannot use an expression of an imported file.
    #[must_use]
    pub fn arn_in_command(&self) -> &str {
        self.arn().map_or("ROLE_ARN", RoleArn::as_str)
    }

    /// The name for a command, or a placeholder.
    #[must_use]
    pub fn name_in_command(&self) -> &str {
        self.arn().map_or("ROLE_NAME", RoleArn::name)
    }

    /// The ARN, where it is known.
    #[must_use]
    pub fn arn(&self) -> Option<&RoleArn> {
        match self {
            Self::Arn(arn) => Some(arn),
            Self::Expression(_) => None,
        }
    }

    /// The account's 12 digits, where the ARN is known.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.arn().map(RoleArn::account)
    }

    /// The partition, where the ARN is known.
    #[must_use]
    pub fn partition(&self) -> Option<&str> {
        self.arn().map(RoleArn::partition)
    }
}

impl From<RoleArn> for RoleRef {
    fn from(arn: RoleArn) -> Self {
        Self::Arn(arn)
    }
}

impl From<&RoleArn> for RoleRef {
    fn from(arn: &RoleArn) -> Self {
        Self::Arn(arn.clone())
    }
}

impl PartialEq<RoleArn> for RoleRef {
    fn eq(&self, other: &RoleArn) -> bool {
        self.arn() == Some(other)
    }
}

impl fmt::Display for RoleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for RoleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for RoleRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Whether the text is an AWS account id: 12 digits.
#[must_use]
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// `PATH/NAME`: the name is 1 to 64 of `[\w+=,.@-]` (IAM CreateRole), the path printable ASCII (path + name: 512 + 64).
fn is_role_path(text: &str) -> bool {
    let (path, name) = text.rsplit_once('/').unwrap_or(("", text));
    let name_fits =
        (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
    name_fits
        && path.len() <= 512
        && path.bytes().all(|b| b.is_ascii_graphic() && b != b'*' && b != b'?')
        && !path.contains("${")
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RoleArn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

//! Settings of AWS that decide a duration of a job, and that `check` reads: the session duration of a permission set,
//! and the Timeout of a Lambda function.

use std::fmt;
use std::sync::Arc;

use super::arn::{is_account, is_partition, partitions};

/// A setting of AWS that a job's source names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LiveSetting {
    /// The SessionDuration of a permission set.
    PermissionSet(PermissionSet),
    /// The Timeout of a Lambda function.
    Function(FunctionArn),
}

/// A permission set of IAM Identity Center.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PermissionSet {
    /// Its name.
    Name(Arc<str>),
    /// `arn:PARTITION:sso:::permissionSet/INSTANCE/ID`.
    Arn(Arc<str>),
}

/// The ARN of a Lambda function, checked: `arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME`, with a version or an
/// alias behind the name if one is meant. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionArn(Arc<str>);

/// A text that names no permission set or function: what is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotASetting {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: &'static str,
}

impl LiveSetting {
    /// The kind of the thing that has the setting, as reports name it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::PermissionSet(_) => "permission-set",
            Self::Function(_) => "function",
        }
    }

    /// Reads a kind and a name as a report has them.
    #[must_use]
    pub fn parse(kind: &str, name: &str) -> Option<Self> {
        match kind {
            "permission-set" => PermissionSet::parse(name).ok().map(Self::PermissionSet),
            "function" => FunctionArn::parse(name).ok().map(Self::Function),
            _ => None,
        }
    }

    /// The name or ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::PermissionSet(set) => set.as_str(),
            Self::Function(function) => function.as_str(),
        }
    }
}

impl fmt::Display for LiveSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::PermissionSet(_) => "permission set",
            Self::Function(_) => "function",
        };
        write!(f, "{kind} {}", self.as_str())
    }
}

impl PermissionSet {
    /// Reads a name or an ARN.
    ///
    /// # Errors
    /// When AWS accepts it as neither.
    pub fn parse(text: &str) -> Result<Self, NotASetting> {
        if text.starts_with("arn:") {
            return match instance_arn(text) {
                Some(_) => Ok(Self::Arn(text.into())),
                None => Err(NotASetting {
                    message: format!("`{text}` is not the ARN of a permission set"),
                    help: "write arn:aws:sso:::permissionSet/ssoins-ID/ps-ID, or the permission set's name",
                }),
            };
        }
        let fits = (1..=32).contains(&text.len()) && text.bytes().all(is_name_byte);
        match fits {
            true => Ok(Self::Name(text.into())),
            false => Err(NotASetting {
                message: format!("`{text}` cannot be the name of a permission set"),
                help: "write its name, 1 to 32 letters, digits and _+=,.@-, or its ARN",
            }),
        }
    }

    /// The name or ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Name(text) | Self::Arn(text) => text,
        }
    }

    /// The ARN of the Identity Center instance that has the permission set; `None` where only its name is known.
    #[must_use]
    pub fn instance(&self) -> Option<String> {
        match self {
            Self::Name(_) => None,
            Self::Arn(arn) => instance_arn(arn),
        }
    }
}

/// The ARN of the instance of a permission set (Identity Center CreatePermissionSet: the patterns of both ARNs).
fn instance_arn(permission_set: &str) -> Option<String> {
    let parts: Vec<&str> = permission_set.split(':').collect();
    let ["arn", partition, "sso", "", "", resource] = parts[..] else { return None };
    let (instance, id) = resource.strip_prefix("permissionSet/")?.split_once('/')?;
    let is_id = |text: &str| text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    let fits = is_partition(partition) && instance.contains("ins-") && is_id(instance);
    (fits && id.starts_with("ps-") && is_id(id)).then(|| format!("arn:{partition}:sso:::instance/{instance}"))
}

impl FunctionArn {
    /// Reads an ARN.
    ///
    /// # Errors
    /// When it is not the ARN of a function.
    pub fn parse(text: &str) -> Result<Self, NotASetting> {
        let wrong = |message: String| NotASetting {
            message,
            help: "write arn:aws:lambda:REGION:ACCOUNT:function:NAME: the ARN tells which account and Region to ask",
        };
        let parts: Vec<&str> = text.split(':').collect();
        let (name, qualifier) = match &parts[..] {
            ["arn", partition, "lambda", ..] if partition.starts_with("aws") && !is_partition(partition) => {
                let message =
                    format!("`{text}` is in partition `{partition}`, which AWS does not have ({})", partitions());
                return Err(wrong(message));
            }
            ["arn", partition, "lambda", region, account, "function", name, qualifier @ ..]
                if is_partition(partition) && is_region(region) && is_account(account) =>
            {
                (*name, qualifier)
            }
            _ => return Err(wrong(format!("`{text}` is not the ARN of a Lambda function"))),
        };
        let is_word = |text: &str, most: usize, others: &[u8]| {
            (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || others.contains(&b))
        };
        let qualified = match qualifier {
            [] => true,
            [qualifier] => is_word(qualifier, 128, b"-_$."),
            _ => false,
        };
        match is_word(name, 140, b"-_") && qualified {
            true => Ok(Self(text.into())),
            false => Err(wrong(format!("`{text}` is not the ARN of a Lambda function"))),
        }
    }

    fn part(&self, index: usize) -> Option<&str> {
        self.0.split(':').nth(index)
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.part(1).unwrap_or_default()
    }

    /// The Region.
    #[must_use]
    pub fn region(&self) -> &str {
        self.part(3).unwrap_or_default()
    }

    /// The account's 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        self.part(4).unwrap_or_default()
    }

    /// The function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.part(6).unwrap_or_default()
    }

    /// The version or alias, if the ARN names one.
    #[must_use]
    pub fn qualifier(&self) -> Option<&str> {
        self.part(7)
    }
}

/// A name that Identity Center accepts (CreatePermissionSet, `Name`).
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte)
}

/// The shape of a Region's name.
pub(super) fn is_region(text: &str) -> bool {
    let has_number = text.bytes().last().is_some_and(|b| b.is_ascii_digit());
    has_number && text.contains('-') && text.len() <= 32 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for FunctionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{FunctionArn, PermissionSet};

    #[test]
    fn a_permission_set_is_a_name_or_an_arn_with_its_instance() {
        let arn = "arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-2222222222222222";
        assert_eq!(
            PermissionSet::parse(arn).unwrap().instance().as_deref(),
            Some("arn:aws:sso:::instance/ssoins-1111111111111111")
        );
        assert_eq!(PermissionSet::parse("Admin+1@x").unwrap().instance(), None);
        for wrong in [
            "",
            "a name with blanks",
            "this-name-has-more-than-32-characters",
            "arn:aws:sso:::instance/ssoins-1111111111111111",
            "arn:aws:sso:::permissionSet/ssoins-1111111111111111",
            "arn:aws:sso:::permissionSet/ssoins-1/ps-2/ps-3",
            "arn:aws:sso:::permissionSet/ssoins-*/ps-2222222222222222",
            "arn:nowhere:sso:::permissionSet/ssoins-1111111111111111/ps-2222222222222222",
        ] {
            assert!(PermissionSet::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_function_is_an_arn_with_a_region_and_an_account() {
        let arn = FunctionArn::parse("arn:aws-us-gov:lambda:us-gov-west-1:111111111111:function:etl:live").unwrap();
        assert_eq!(
            (arn.partition(), arn.region(), arn.account(), arn.name(), arn.qualifier()),
            ("aws-us-gov", "us-gov-west-1", "111111111111", "etl", Some("live"))
        );
        for wrong in [
            "etl",
            "arn:aws:lambda:eu-west-1:111111111111:function",
            "arn:aws:lambda:eu-west-1:111111111111:function:",
            "arn:aws:lambda:eu-west-1:111111111111:function:etl:",
            "arn:aws:lambda:eu-west-1:111111111111:function:etl:1:2",
            "arn:aws:lambda:eu-west-1:1111:function:etl",
            "arn:aws:lambda::111111111111:function:etl",
            "arn:aws:lambda:eu-west-1:111111111111:layer:etl",
            "arn:aws:lambda:eu-west-1:111111111111:function:*",
            "arn:aws-x:lambda:eu-west-1:111111111111:function:etl",
        ] {
            assert!(FunctionArn::parse(wrong).is_err(), "{wrong}");
        }
    }
}

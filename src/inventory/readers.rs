//! Who reads settings in each account: the readers of IAM roles, and where IAM Identity Center is administered.

use std::collections::BTreeMap;

use super::RoleArn;

/// The role that reads IAM role settings in its account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reader {
    /// The role.
    pub role: RoleArn,
    /// The external ID that its trust policy asks for.
    pub external_id: Option<String>,
}

/// Where IAM Identity Center is administered: whom `check` asks for permission sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentityCenter {
    /// The account's 12 digits; `None`: the checker's own account.
    pub account: Option<String>,
    /// The Region; `None`: the checker's own Region.
    pub region: Option<String>,
}

/// Readers per account.
#[derive(Debug, Clone, Default)]
pub struct Readers {
    pub(super) named: BTreeMap<String, Reader>,
    /// The ARN with `{account}` in it, and the external ID.
    pub(super) every: Option<(String, Option<String>)>,
}

impl Readers {
    /// The reader for a role's account, if the inventory names one.
    #[must_use]
    pub fn for_role(&self, role: &RoleArn) -> Option<Reader> {
        if let Some(reader) = self.named.get(role.account()) {
            return Some(reader.clone());
        }
        self.for_account(role.account()).filter(|reader| reader.role.partition() == role.partition())
    }

    /// The reader of an account, if the inventory names one.
    #[must_use]
    pub fn for_account(&self, account: &str) -> Option<Reader> {
        if let Some(reader) = self.named.get(account) {
            return Some(reader.clone());
        }
        let (template, external_id) = self.every.as_ref()?;
        let role = RoleArn::parse(&template.replace("{account}", account)).ok()?;
        Some(Reader { role, external_id: external_id.clone() })
    }
}
